"""Latency on several targets, of which the one counts on which a network takes the least time."""

from collections.abc import Sequence
from dataclasses import dataclass

from profilers.agent.failure import ProfilingFailed
from profilers.host.latency import Calibration, Latency, LatencyMeter
from profilers.host.subject import Subject
from profilers.runtimes.targets import Target


@dataclass(frozen=True)
class CalibratedTarget:
    """A meter, and the calibration that turns its ratios into milliseconds."""

    meter: LatencyMeter
    calibration: Calibration


def cheapest(
    subject: Subject, targets: Sequence[CalibratedTarget], *, max_seconds: float
) -> tuple[Target, Latency]:
    """Return the target on which `subject` takes the fewest milliseconds, and its latency there.

    Each target is timed for `max_seconds`, one after the other. One that cannot run the network
    is passed over.

    Raises:
        ProfilingFailed: none of them can run it; the message has the reason of each.
    """
    found: list[tuple[Target, Latency]] = []
    failures: list[str] = []
    for target in targets:
        try:
            latency = target.meter.measure(subject, target.calibration, max_seconds=max_seconds)
        except ProfilingFailed as error:
            failures.append(str(error))
        else:
            found.append((target.meter.target, latency))
    if not found:
        raise ProfilingFailed("; ".join(failures))
    return min(found, key=lambda of_target: of_target[1].latency_ms)
