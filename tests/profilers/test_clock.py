"""Which target is timed by which clock."""

import time

import pytest

from profilers import Target
from profilers.clock import clock_of


@pytest.mark.parametrize(
    ("text", "name"),
    [("eager", "cpu"), ("eager:threads=2", "wall"), ("eager:device=cuda", "cuda")],
)
def test_one_thread_is_timed_by_processor_time_and_a_gpu_by_its_own(text: str, name: str) -> None:
    assert clock_of(Target.parse(text))[0] == name


def test_waiting_takes_no_processor_time() -> None:
    _, clock = clock_of(Target())
    started = clock()
    time.sleep(0.2)
    assert clock() - started < 0.1
