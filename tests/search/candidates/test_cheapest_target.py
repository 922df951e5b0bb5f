"""Which of several targets counts, and what happens to those that cannot run a network."""

from dataclasses import dataclass, field
from typing import cast

import pytest

from blocks import parse_network_config
from profilers import Calibration, Latency, LatencyMeter, ProfilingFailed, Subject, Target
from search.candidates.cheapest_target import CalibratedTarget, cheapest

SUBJECT = Subject(parse_network_config({"family": "splitsr", "scale": 2}))


@dataclass
class Stopwatch:
    """A meter whose answers are known."""

    target: Target
    latency_ms: float | None
    asked_seconds: list[float] = field(default_factory=list)

    def measure(self, subject: Subject, calibration: Calibration, *, max_seconds: float) -> Latency:
        self.asked_seconds.append(max_seconds)
        if self.latency_ms is None:
            raise ProfilingFailed(f"{self.target.runtime}: layer X does not exist")
        ratio = self.latency_ms / calibration.reference_ms
        return Latency(
            *(self.latency_ms, self.latency_ms, self.latency_ms, ratio),
            first_ms=1.0,
            p90_ms=1.0,
            repeats=3,
            reference_spread=0.0,
            prepare_seconds=None,
            max_difference=None,
        )


def calibrated(runtime: str, latency_ms: float | None, reference_ms: float) -> CalibratedTarget:
    target = Target(runtime=runtime)
    calibration = Calibration(str(target), "reference", reference_ms, "cpu", 3)
    return CalibratedTarget(cast(LatencyMeter, Stopwatch(target, latency_ms)), calibration)


def test_milliseconds_decide_and_not_the_ratio() -> None:
    """2 ms are less than 3, though 2 of 1 are a larger ratio than 3 of 10."""
    targets = [calibrated("eager", 3.0, 10.0), calibrated("openvino", 2.0, 1.0)]
    target, latency = cheapest(SUBJECT, targets, max_seconds=0.5)
    assert (target.runtime, latency.latency_ms, latency.latency_ratio) == ("openvino", 2.0, 2.0)
    assert [cast(Stopwatch, it.meter).asked_seconds for it in targets] == [[0.5], [0.5]]


def test_a_target_that_fails_is_passed_over() -> None:
    targets = [calibrated("xnnpack", None, 1.0), calibrated("eager", 3.0, 1.0)]
    assert cheapest(SUBJECT, targets, max_seconds=0.5)[0].runtime == "eager"


def test_where_all_fail_each_reason_is_said() -> None:
    targets = [calibrated("xnnpack", None, 1.0), calibrated("eager", None, 1.0)]
    with pytest.raises(ProfilingFailed, match=r"xnnpack: layer X .*; eager: layer X"):
        cheapest(SUBJECT, targets, max_seconds=0.5)
