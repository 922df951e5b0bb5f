"""Which target is timed by which clock."""

import pytest

from profilers import Target
from profilers.runtimes.clock import clock_of


@pytest.mark.parametrize(
    ("text", "name"),
    [("eager", "cpu"), ("eager:threads=2", "wall"), ("eager:device=cuda", "cuda")],
)
def test_one_thread_is_timed_by_processor_time_and_a_gpu_by_its_own(text: str, name: str) -> None:
    assert clock_of(Target.parse(text))[0] == name
