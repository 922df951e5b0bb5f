"""Two real processes that compute without end, and what lets them run in turn."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from profilers.agent.serving.json_process import JsonProcess
from profilers.agent.serving.messages import Failure, Ready, Repeat
from profilers.agent.timing import slices

if sys.platform != "linux":
    pytest.skip("states of processes are read from Linux", allow_module_level=True)

Process = subprocess.Popen[bytes]
LONG = 2_000_000
"""Bytes of an answer: many times what a pipe holds."""


@pytest.fixture
def busy() -> Iterator[list[Process]]:
    command = [sys.executable, "-I", "-S", "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def started_for(processes: Sequence[Process | JsonProcess]) -> Process:
    source = Path(slices.__file__).read_text()
    pids = [str(process.pid) for process in processes]
    command = [sys.executable, "-c", source, *pids]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def is_stopped(process: Process) -> bool:
    stat = Path(f"/proc/{process.pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


def processor_seconds(process: Process) -> float:
    user, system = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / 100


def wait_until_stopped(processes: list[Process], count: int) -> None:
    deadline = time.monotonic() + 20
    while sum(map(is_stopped, processes)) != count and time.monotonic() < deadline:
        time.sleep(0.001)
    assert sum(map(is_stopped, processes)) == count


def test_one_runs_while_the_other_is_stopped(busy: list[Process]) -> None:
    with started_for(busy) as alternating:
        wait_until_stopped(busy, 1)
        before = [processor_seconds(process) for process in busy]
        seen = {tuple(map(is_stopped, busy)) for _ in range(300) if not time.sleep(0.002)}
        used = [
            processor_seconds(process) - start for process, start in zip(busy, before, strict=True)
        ]
        assert alternating.poll() is None
    assert {(True, False), (False, True)} <= seen
    assert min(used) > 0.5 * max(used)


def test_the_machine_is_probed_between_the_slices(busy: list[Process]) -> None:
    began = time.monotonic()
    with started_for(busy) as alternating:
        time.sleep(1)
        output, _ = alternating.communicate()
    moments, compute_ms, copy_ms = zip(*json.loads(output), strict=True)
    assert list(moments) == sorted(moments)
    assert began < moments[0] < moments[-1] < time.monotonic()
    assert 1 / slices.LONGEST_SECONDS / 4 < len(moments) < 1 / slices.SHORTEST_SECONDS
    assert min(compute_ms) > 0
    assert min(copy_ms) > 0


def test_both_run_on_when_whoever_started_it_is_gone(busy: list[Process]) -> None:
    with started_for(busy) as alternating:
        wait_until_stopped(busy, 1)
        assert alternating.stdin is not None
        alternating.stdin.close()
        assert alternating.wait(20) == 0
    wait_until_stopped(busy, 0)


def test_the_other_runs_on_when_one_dies(busy: list[Process]) -> None:
    with started_for(busy) as alternating:
        wait_until_stopped(busy, 1)
        busy[0].send_signal(signal.SIGKILL)
        busy[0].wait()
        assert alternating.wait(20) == 0
    wait_until_stopped(busy[1:], 0)


def test_an_answer_that_is_stopped_midway_arrives_whole(busy: list[Process]) -> None:
    program = (
        "from profilers.agent.serving.messages import Failure, Repeat\n"
        "from profilers.agent.serving.server import serve\n"
        f"serve(Repeat, lambda _: Failure('x' * {LONG}))"
    )
    process = JsonProcess([sys.executable, "-c", program], {})
    try:
        assert process.receive(60) == Ready()
        process.send(Repeat("any", None, None))
        while not process.has_answered():
            time.sleep(0.01)
        with started_for([process, busy[0]]) as alternating:
            time.sleep(0.5)  # in the middle of a write, since nobody reads
            assert alternating.poll() is None
            assert process.receive(60) == Failure("x" * LONG)
    finally:
        process.end()
