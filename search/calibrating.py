"""Calibrating a target: measuring networks spread over a search space, until the time is up."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from profilers.failure import ProfilingFailed
from profilers.latency import Calibration, Latency, LatencyMeter
from profilers.predictor import CalibrationFile, CalibrationHeader, MeasuredNetwork, work_of
from profilers.subject import Subject
from profilers.targets import Target
from search.space import SearchSpace
from search.space.sample import networks

REFERENCE_SECONDS = 10.0
NETWORK_SECONDS = 2.5
"""For timing one network. On a busy machine 1.2, 2.5 and 4 s repeated within 3.5, 3.1 and 3.3 %
(standard deviation), since other work disturbs it for seconds: more networks are worth more."""
SEED = 0


class Told(Protocol):
    """Hears how far a calibration is."""

    def __call__(self, seconds: float, networks: int, text: str) -> None: ...


def calibrate(
    space: SearchSpace, target: Target, path: Path, *, max_seconds: float, told: Told
) -> CalibrationFile:
    """Measure networks of `space` on `target` into the file `path`, or go on with it.

    `max_seconds` is the time of all networks in the file together. The families take turns.
    A network that the target cannot run is left out.

    Raises:
        ValueError: the target cannot be measured from here, or the file is another calibration.
        ProfilingFailed: the reference network cannot be measured.
        OSError: the file cannot be read or written.
    """
    with LatencyMeter(target) as meter:
        told(0, 0, f"reference network on {target}")
        file = _opened(path, space, meter)
        seen = {network.config.arch_id for network in file.networks}
        used = sum(network.seconds for network in file.networks)
        for config in networks(space, spread="even", seed=SEED):
            if config.arch_id in seen:
                continue
            if used >= max_seconds:
                break
            told(used, len(file.networks), config.family)
            started = time.perf_counter()
            try:
                measured = measured_network(Subject(config), meter, file.header.calibration)
            except ProfilingFailed:
                used += time.perf_counter() - started
                continue
            file.append(measured)
            used += measured.seconds
    return file


def measured_network(
    subject: Subject, meter: LatencyMeter, calibration: Calibration
) -> MeasuredNetwork:
    """Return what a calibration keeps of a network.

    Raises:
        ProfilingFailed: the target cannot run it.
    """
    started = time.perf_counter()
    latency = meter.measure(subject, calibration, max_seconds=NETWORK_SECONDS)
    works = work_of(subject, meter.target)
    return MeasuredNetwork(
        network=subject.config.model_dump(mode="json"),
        latency_ratio=latency.latency_ratio,
        ratios=dict(_ratios_of_forms(latency)),
        works={form: dict(work) for form, work in works.items()},
        seconds=time.perf_counter() - started,
    )


def _ratios_of_forms(latency: Latency) -> Iterator[tuple[str, float]]:
    assert latency.form is not None  # a network has one
    yield latency.form, latency.latency_ratio
    for other in latency.other_forms:
        if other.ratio is not None:
            yield other.name, latency.latency_ratio * other.ratio


def _opened(path: Path, space: SearchSpace, meter: LatencyMeter) -> CalibrationFile:
    device = meter.describe_device()
    if path.exists():
        file = CalibrationFile(path)
        misfit = file.header.misfit(meter.target, space.scale, device)
        if misfit is not None:
            raise ValueError(f"{path} cannot be continued: {misfit}; choose another FILE")
        return file
    calibration = meter.calibrate(REFERENCE_SECONDS)
    return CalibrationFile.created(path, CalibrationHeader.of(calibration, space.scale, device))
