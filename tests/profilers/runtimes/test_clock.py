"""Which target is timed by which clock."""

import time

import pytest
import torch

from profilers import Target
from profilers.runtimes.clock import EventClock, clock_of


@pytest.mark.parametrize(
    ("text", "name"),
    [("eager", "cpu"), ("eager:threads=2", "wall"), ("eager:device=cuda", "cuda")],
)
def test_one_thread_is_timed_by_processor_time_and_a_gpu_by_its_own(text: str, name: str) -> None:
    assert clock_of(Target.parse(text))[0] == name


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_clock_waits_for_queued_work_and_agrees_with_the_wall() -> None:
    clock = EventClock()
    matrix = torch.rand(4096, 4096, device="cuda")
    clock()
    wall = time.perf_counter()
    began = clock()
    for _ in range(50):
        matrix = matrix @ matrix
        matrix /= matrix.norm()
    queued = time.perf_counter()
    ended = clock()
    finished = time.perf_counter()
    assert finished - queued > 0.5 * (finished - wall)
    assert ended - began == pytest.approx(finished - wall, rel=0.05)
