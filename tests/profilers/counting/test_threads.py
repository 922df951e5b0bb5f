"""Work that a module hands to other Python threads is counted, whoever started them."""

import asyncio
import multiprocessing.pool
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from profilers import count_macs

# Two 1x1 convolutions of 3 to 4 channels on 5x5 pixels.
EACH = 3 * 4 * 5 * 5
Forward = Callable[["TwoBranches", Tensor], Tensor]


class TwoBranches(nn.Module):
    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)
        self.second = nn.Conv2d(3, 4, 1)
        self.function = forward

    def forward(self, images: Tensor) -> Tensor:
        return self.function(self, images)

    @property
    def weights(self) -> tuple[Tensor, Tensor]:
        return self.first.weight, self.second.weight


class Worker(threading.Thread):
    """Keeps what its function returns."""

    def __init__(self, function: Callable[[], Tensor]) -> None:
        super().__init__()
        self.function = function

    def run(self) -> None:
        self.result = self.function()


def in_thread(function: Callable[[], Tensor]) -> Tensor:
    worker = Worker(function)
    worker.start()
    worker.join()
    return worker.result


def modules_in_threads(module: TwoBranches, images: Tensor) -> Tensor:
    return in_thread(lambda: module.first(images)) + in_thread(lambda: module.second(images))


def functions_in_threads(module: TwoBranches, images: Tensor) -> Tensor:
    return sum(in_thread(lambda w=w: F.conv2d(images, w)) for w in module.weights)  # type: ignore[return-value]


def a_thread_in_a_thread(module: TwoBranches, images: Tensor) -> Tensor:
    return in_thread(lambda: module.first(images) + in_thread(lambda: module.second(images)))


def a_new_pool(module: TwoBranches, images: Tensor) -> Tensor:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda weight: F.conv2d(images, weight), module.weights)
    return first + second


def a_new_multiprocessing_pool(module: TwoBranches, images: Tensor) -> Tensor:
    with multiprocessing.pool.ThreadPool(2) as pool:
        first, second = pool.map(lambda weight: F.conv2d(images, weight), module.weights)
    return first + second


def tasks(module: TwoBranches, images: Tensor) -> Tensor:
    async def both() -> Tensor:
        branches = (module.first, module.second)
        first, second = await asyncio.gather(*(asyncio.to_thread(b, images) for b in branches))
        return first + second

    return asyncio.run(both())


@pytest.mark.parametrize(
    "forward",
    [
        modules_in_threads,
        functions_in_threads,
        a_thread_in_a_thread,
        a_new_pool,
        a_new_multiprocessing_pool,
        tasks,
    ],
)
def test_work_in_threads_is_counted(forward: Forward) -> None:
    report = count_macs(TwoBranches(forward), torch.ones(1, 3, 5, 5))
    assert (report.total, dict(report.uncounted)) == (2 * EACH, {})
    rows = {row.path: row for row in report.by_module}
    assert rows[""].macs == 2 * EACH
    assert sum(row.own_macs for row in rows.values()) == 2 * EACH


def test_a_pool_that_waits_for_work_is_counted_every_time() -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(abs, range(4)))
        module = TwoBranches(
            lambda m, x: sum(pool.map(lambda weight: F.conv2d(x, weight), m.weights))  # type: ignore[arg-type, return-value]
        )
        for _ in range(2):
            assert count_macs(module, torch.ones(1, 3, 5, 5)).total == 2 * EACH


def test_a_module_that_a_waiting_thread_calls_is_counted_every_time() -> None:
    work: queue.Queue[Callable[[], Tensor] | None] = queue.Queue()
    results: queue.Queue[Tensor] = queue.Queue()

    def serve() -> None:
        while (task := work.get()) is not None:
            results.put(task())

    server = threading.Thread(target=serve)
    server.start()

    def forward(module: TwoBranches, images: Tensor) -> Tensor:
        work.put(lambda: module.first(images))
        return results.get()

    module = TwoBranches(forward)
    for _ in range(2):
        report = count_macs(module, torch.ones(1, 3, 5, 5))
        assert report.total == EACH
        assert {row.path: row.macs for row in report.by_module} == {"": EACH, "first": EACH}
    work.put(None)
    server.join()


def test_threads_of_others_are_left_alone() -> None:
    """One that began before the count works on something else meanwhile."""
    started, finish = threading.Event(), threading.Event()

    def unrelated() -> None:
        started.wait(10)
        torch.ones(4, 4) @ torch.ones(4, 4)
        finish.set()

    def forward(module: TwoBranches, images: Tensor) -> Tensor:
        started.set()
        finish.wait(10)
        result: Tensor = module.first(images)
        return result

    thread = threading.Thread(target=unrelated)
    thread.start()
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit
    assert count_macs(TwoBranches(forward), torch.ones(1, 3, 5, 5)).total == EACH
    thread.join()
    assert (threading.Thread.start, ThreadPoolExecutor.submit) == (start, submit)
