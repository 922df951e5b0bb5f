"""Real worker processes on networks that take a millisecond.

Covers profilers.host.child, which starts and replaces them, and profilers.host.worker, which they
run.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from blocks import SeemoReConfig, SplitSRConfig
from profilers import (
    REFERENCE_NAME,
    Bicubic,
    Calibration,
    LatencyMeter,
    ProfilingFailed,
    Subject,
    Target,
    measure_peak_memory_mib,
)
from profilers.agent.serving.messages import Calibrate
from profilers.agent.timing.calls_in_turn import TimeEstimate
from profilers.host.latency import KEEP_FREED_MEMORY

TARGET = Target.parse("eager:lr=16x16")
SMALL = SplitSRConfig(
    scale=2, channels=8, groups=1, blocks=1, active_channels=8, hybrid_index=0, upsampler="one_step"
)
LARGE = SplitSRConfig(scale=2, channels=64, groups=2, blocks=4, active_channels=16, hybrid_index=0)
TOO_DEEP = SeemoReConfig(scale=2, channels=8, groups=1, recursion=3)


@pytest.fixture(scope="module")
def meter() -> Iterator[LatencyMeter]:
    with LatencyMeter(TARGET) as running:
        yield running


@pytest.fixture(scope="module")
def calibration(meter: LatencyMeter) -> Calibration:
    return meter.calibrate(max_seconds=0.3)


def worker_pid(meter: LatencyMeter) -> int:
    pid = meter._child.pid
    assert pid is not None
    return pid


def test_calibration_round_trips_through_json(calibration: Calibration) -> None:
    assert (calibration.target, calibration.reference) == (str(TARGET), REFERENCE_NAME)
    assert calibration.reference_ms > 0
    text = json.dumps(dataclasses.asdict(calibration))
    assert Calibration(**json.loads(text)) == calibration


def test_milliseconds_are_ratio_times_calibration(
    meter: LatencyMeter, calibration: Calibration
) -> None:
    latency = meter.measure(Subject(SMALL), calibration, max_seconds=0.3)
    assert latency.latency_ms == latency.latency_ratio * calibration.reference_ms
    assert latency.latency_ci_low_ms <= latency.latency_ms <= latency.latency_ci_high_ms
    assert latency.repeats >= 3
    assert min(latency.first_ms, latency.p90_ms) > 0
    assert latency.prepare_seconds is not None
    assert latency.prepare_seconds > 0
    assert latency.max_difference == 0  # eager is what others are compared with


def test_a_much_larger_network_takes_longer(meter: LatencyMeter) -> None:
    assert meter.compare(Subject(LARGE), Subject(SMALL), max_seconds=0.3).estimate.ci_low > 1


def test_one_process_serves_many_requests(meter: LatencyMeter) -> None:
    meter.calibrate(max_seconds=0.01)
    pid = worker_pid(meter)
    os.kill(pid, signal.SIGINT)  # Ctrl-C is not for the worker
    meter.compare(Subject(SMALL), Subject(SMALL), max_seconds=0.01)
    assert worker_pid(meter) == pid


def test_what_a_library_prints_does_not_reach_the_answers() -> None:
    program = (
        "import os\n"
        "from profilers.agent.serving.server import claim_standard_output\n"
        "answers = claim_standard_output()\n"
        "print('a library', flush=True)\n"
        "os.write(1, b'a library in C')\n"
        "answers.write(b'answer')\n"
        "answers.flush()\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert finished.stdout == b"answer"


@pytest.mark.skipif(torch.cuda.is_available(), reason="has CUDA")
def test_a_target_that_is_missing_here_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be used here"):
        LatencyMeter(Target.parse("eager:device=cuda"))
    with pytest.raises(ValueError, match="cannot be used here"):
        measure_peak_memory_mib(Subject(SMALL), Target.parse("eager:device=cuda"))


def test_a_network_that_cannot_run_is_an_error_with_its_reason(
    meter: LatencyMeter, calibration: Calibration
) -> None:
    with pytest.raises(ProfilingFailed, match="seemore needs images of at least") as caught:
        meter.measure(Subject(TOO_DEEP), calibration, max_seconds=0.3)
    assert "\n" not in str(caught.value)
    assert meter.measure(Subject(SMALL), calibration, max_seconds=0.01).latency_ms > 0


def test_a_killed_process_is_reported_and_replaced(calibration: Calibration) -> None:
    with LatencyMeter(TARGET) as meter:
        meter.calibrate(max_seconds=0.01)
        killed = worker_pid(meter)
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(ProfilingFailed, match="the process died"):
            meter.measure(Subject(SMALL), calibration, max_seconds=0.3)
        assert meter.measure(Subject(SMALL), calibration, max_seconds=0.01).repeats >= 3
        assert worker_pid(meter) != killed


def test_a_killed_partner_is_reported_and_replaced(calibration: Calibration) -> None:
    with LatencyMeter(TARGET) as meter:
        meter.measure(Subject(SMALL), calibration, max_seconds=0.01)
        worker = worker_pid(meter)
        (partner,) = children(worker)

        def kill_while_comparing() -> None:
            wait_for_children(worker, 2)  # the other one lets both run in turn
            os.kill(partner, signal.SIGKILL)

        death = threading.Thread(target=kill_while_comparing)
        death.start()
        with pytest.raises(ProfilingFailed, match=r"the process died \(SIGKILL\), beside"):
            meter.measure(Subject(SMALL), calibration, max_seconds=10.0)
        death.join()
        assert meter.measure(Subject(SMALL), calibration, max_seconds=0.01).repeats >= 3


def children(pid: int) -> list[int]:
    """The processes that a process of Linux started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_children(pid: int, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(children(pid)) != count and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(children(pid)) == count


def test_a_hanging_process_is_ended_in_time(meter: LatencyMeter) -> None:
    meter.calibrate(max_seconds=0.01)
    os.kill(worker_pid(meter), signal.SIGSTOP)
    with pytest.raises(ProfilingFailed, match="no answer within 0 s"):
        meter._child.request(Calibrate(0.01), TimeEstimate, 0.2)
    assert meter.calibrate(max_seconds=0.01).repeats >= 3


def test_a_calibration_of_another_target_is_refused(calibration: Calibration) -> None:
    other = Target.parse("eager:lr=16x32")
    with pytest.raises(ValueError, match="calibrate this target"):
        LatencyMeter(other).measure(Subject(SMALL), calibration, max_seconds=1.0)
    with pytest.raises(ValueError, match="calibrate this target"):
        LatencyMeter(other).measure(Bicubic(2), calibration, max_seconds=1.0)


@pytest.mark.parametrize(
    ("asking", "others"),
    [
        ("meter.calibrate(max_seconds=60.0)", 0),
        ("meter.compare(*networks, max_seconds=60.0)", 2),
    ],
    ids=["alone", "comparing"],
)
def test_no_process_outlives_a_killed_parent(asking: str, others: int) -> None:
    program = (
        "from blocks import SplitSRConfig\n"
        "from profilers import LatencyMeter, Subject, Target\n"
        "networks = [Subject(SplitSRConfig(scale=2), variant='in_place')] * 2\n"
        f"meter = LatencyMeter(Target.parse('{TARGET}'))\n"
        "meter.calibrate(max_seconds=0.01)\n"
        "print(meter._child.pid, flush=True)\n"
        f"{asking}\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        wait_for_children(worker, others)
        time.sleep(0.2)
        processes = [Path("/proc", str(pid)) for pid in (worker, *children(worker))]
        parent.kill()
    deadline = time.monotonic() + 20
    while any(map(is_running, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(is_running, processes))


def is_running(process: Path) -> bool:
    """Whether a process of Linux runs; a zombie that nobody waits for does not."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_bicubic_is_timed_in_the_process_of_the_networks(
    meter: LatencyMeter, calibration: Calibration
) -> None:
    latency = meter.measure(Bicubic(2), calibration, max_seconds=0.2)
    assert latency.latency_ms == latency.latency_ratio * calibration.reference_ms > 0
    assert (latency.variant, latency.prepare_seconds, latency.max_difference) == (None, None, None)
    itself = meter.compare(Bicubic(2), Bicubic(2), max_seconds=0.2).estimate
    assert 0.5 < itself.ratio < 2


def test_the_time_of_bicubic_is_not_that_of_fetching_memory_anew() -> None:
    """As it was in a process that gives memory back: up to three times as long, or not."""
    target = Target.parse("eager:lr=90x160")
    call = (
        f"from profilers import Bicubic, Target; call = Bicubic(4).call(Target.parse('{target}'))"
    )
    count = (
        "import resource\n"
        f"{call}\n"
        "call(); call()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(10): call()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)"
    )
    environment = {**os.environ, **KEEP_FREED_MEMORY}
    command = [sys.executable, "-c", count]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(told.stdout) < 100
