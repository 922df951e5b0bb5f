"""The clock of a GPU."""

import time

import pytest
import torch

from profilers.runtimes.cuda_events import EventClock


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
