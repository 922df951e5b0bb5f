"""Calibrating a target: measuring networks of a search space, until the time is up.

They are drawn at random, the families in turn: an interval is right for networks drawn as those
were that it comes from (see profilers/predictor/conformal_interval.py), and evenly spread ones are
harder to predict from each other than others are from them.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from blocks import NetworkConfig
from foundation.listener import SILENT, Listener
from profilers.agent.failure import ProfilingFailed
from profilers.host.latency import Calibration, Latency, LatencyMeter
from profilers.host.subject import Subject
from profilers.predictor import CalibrationFile, CalibrationHeader, Measurement, work_of
from profilers.runtimes.targets import Target
from search.space import SearchSpace
from search.space.sample import networks

REFERENCE_SECONDS = 10.0
MEASUREMENT_SECONDS = 1.25
"""For timing. On a busy machine 1.2, 2.5 and 4 s repeated within 3.5, 3.1 and 3.3 % (standard
deviation), since other work disturbs it for seconds."""
AGAIN_AFTER = 10
"""A network is measured again after so many others, when what slowed it is over."""
SEED = 0


def calibrate(
    space: SearchSpace,
    target: Target,
    path: Path,
    *,
    max_seconds: float,
    listener: Listener = SILENT,
) -> CalibrationFile:
    """Measure networks of `space` on `target` into the file `path`, or go on with it.

    `max_seconds` is the time of all measurements in the file together. Each network is measured
    twice, but for the last ones. One that the target cannot run is left out.

    Raises:
        ValueError: the target cannot be measured from here, or the file is another calibration.
        ProfilingFailed: the reference network cannot be measured.
        OSError: the file cannot be read or written.
    """
    with LatencyMeter(target) as meter:
        listener.status(f"reference network on {target}")
        file = _opened(path, space, meter)
        listener.status("calibrating")
        done = Counter(measurement.config.arch_id for measurement in file.measurements)
        used = sum(measurement.seconds for measurement in file.measurements)
        known = {measurement.config.arch_id: measurement for measurement in file.measurements}
        refused: set[str] = set()
        for config in each_twice(networks(space, seed=SEED)):
            if config.arch_id in refused:
                continue
            if done[config.arch_id] > 0:
                done[config.arch_id] -= 1
                continue
            if used >= max_seconds:
                break
            so_far = f"{len(file.measurements)} measurements, {config.family}"
            listener.progress(round(used), round(max_seconds), so_far)
            started = time.perf_counter()
            try:
                measurement = measured(
                    Subject(config), meter, file.header.calibration, known.get(config.arch_id)
                )
            except ProfilingFailed:
                used += time.perf_counter() - started
                refused.add(config.arch_id)
                continue
            file.append(measurement)
            known[config.arch_id] = measurement
            used += measurement.seconds
    return file


def each_twice(configs: Iterable[NetworkConfig]) -> Iterator[NetworkConfig]:
    """Yield every network, and once more when `AGAIN_AFTER` others have come after it."""
    once: deque[NetworkConfig] = deque()
    for config in configs:
        yield config
        once.append(config)
        if len(once) > AGAIN_AFTER:
            yield once.popleft()
    yield from once


def measured(
    subject: Subject, meter: LatencyMeter, calibration: Calibration, earlier: Measurement | None
) -> Measurement:
    """Return what a calibration keeps of a measurement; its work is that of an `earlier` one.

    Raises:
        ProfilingFailed: the target cannot run it.
    """
    started = time.perf_counter()
    latency = meter.measure(subject, calibration, max_seconds=MEASUREMENT_SECONDS)
    works = work_of(subject, meter.target) if earlier is None else earlier.works
    return Measurement(
        network=subject.config.model_dump(mode="json"),
        latency_ratio=latency.latency_ratio,
        ratios=dict(_ratios_of_variants(latency)),
        works={variant: dict(work) for variant, work in works.items()},
        seconds=time.perf_counter() - started,
        compute_probe_ms=latency.compute_probe_ms,
        copy_probe_ms=latency.copy_probe_ms,
    )


def _ratios_of_variants(latency: Latency) -> Iterator[tuple[str, float]]:
    assert latency.variant is not None  # a network has one
    yield latency.variant, latency.latency_ratio
    for other in latency.other_variants:
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
