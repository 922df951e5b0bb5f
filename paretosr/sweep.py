"""Many networks on many targets: each pair is a cell, and no cell can stop the others."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from blocks import CATALOGUE, CatalogueEntry
from foundation import one_line, raise_interrupt
from paretosr.cli.progress import Update
from paretosr.profile_table import COLUMNS, ProfileTable, Row
from profilers import (
    Calibration,
    LatencyMeter,
    ProfilingFailed,
    Subject,
    Target,
    analytic_cost,
    measure_peak_memory_mib,
)
from profilers.runtimes.registry import why_unavailable
from profilers.runtimes.targets import targets_with

EVERY = "all"
_CALIBRATION_SECONDS = 10.0
_TIMING_SECONDS = 20.0

Cells = Mapping[Target, Sequence[CatalogueEntry]]
"""The networks to measure on each target."""


def catalogue_networks(scale: int | None) -> tuple[CatalogueEntry, ...]:
    """Return the networks of the catalogue at `scale`, or at every scale.

    Raises:
        ValueError: there is none at this scale.
    """
    networks = tuple(entry for entry in CATALOGUE if scale in (None, entry.config.scale))
    if not networks:
        raise ValueError(f"--scale must be 2, 3 or 4, got {scale}")
    return networks


def targets_here(text: str) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Return the targets that `text` names and one line for each that is missing here.

    `text` is a target, or `all[:key=value,...]` for each runtime on each of its devices.

    Raises:
        ValueError: it is neither, or no runtime takes these settings.
    """
    runtime, _, settings = text.strip().partition(":")
    named = targets_with(settings) if runtime == EVERY else (Target.parse(text),)
    available, lines = [], []
    for target in named:
        missing = why_unavailable(target)
        if missing is None:
            available.append(target)
        else:
            lines.append(f"{target} is left out: {missing.reason}; {missing.remedy}")
    return tuple(available), tuple(lines)


def unfinished(
    networks: Sequence[CatalogueEntry], targets: Sequence[Target], table: ProfileTable
) -> Cells:
    """Return for each target the networks that have no row in `table`, failed ones included."""
    left = {
        target: [network for network in networks if _names(network, target) not in table]
        for target in targets
    }
    return {target: missing for target, missing in left.items() if missing}


def sweep(cells: Cells, *, max_seconds: float, update: Update) -> Iterator[Row]:
    """Yield one row for each cell, as soon as it is measured; `update` hears what comes next.

    Networks run in processes of their own. One that crashes or is not done in time ends, and
    the row says why in its columns state ("failed") and reason; what is known by then stays.
    The limit of a cell is `max_seconds` beside the start of its processes, in which the network
    is made ready three times: in two processes to be timed, for a third of the limit or 20
    seconds, and for its memory. All rows of one call on one target share one calibration; where
    the reference network cannot be measured, no network of that target is tried.
    """
    done = 0
    for target, networks in cells.items():
        with LatencyMeter(target) as meter:
            update(done, f"reference network on {target}")
            calibration = _calibration(meter, max_seconds)
            for network in networks:
                update(done, f"{network.name} x{network.config.scale} on {target}")
                yield _row(network, meter, calibration, max_seconds)
                done += 1


def _calibration(meter: LatencyMeter, max_seconds: float) -> Calibration | ProfilingFailed:
    timing = min(_CALIBRATION_SECONDS, max_seconds / 3)
    try:
        return meter.calibrate(timing, grace_seconds=max_seconds - timing)
    except ProfilingFailed as error:
        return ProfilingFailed(f"the reference network cannot be measured: {error}")


def _row(
    network: CatalogueEntry,
    meter: LatencyMeter,
    calibration: Calibration | ProfilingFailed,
    max_seconds: float,
) -> Row:
    row = _names(network, meter.target) | {"state": "failed", "source": "measured"}
    try:
        for costs in _costs(network, meter, calibration, max_seconds):
            row |= {name: value for name, value in costs.items() if name in COLUMNS}
        row["state"] = "measured"
    except Exception as error:  # whatever is wrong with one cell, the others are measured
        raise_interrupt(error)
        row["reason"] = one_line(error)
    return row


def _costs(
    network: CatalogueEntry,
    meter: LatencyMeter,
    calibration: Calibration | ProfilingFailed,
    max_seconds: float,
) -> Iterator[dict[str, object]]:
    """Yield the costs of one cell as they become known."""
    subject, target = Subject(network.config), meter.target
    yield asdict(analytic_cost(subject.config, target))
    if isinstance(calibration, ProfilingFailed):
        raise calibration
    yield {"clock": calibration.clock, "reference_ms": calibration.reference_ms}
    meter.start()
    started = time.monotonic()
    timing = min(_TIMING_SECONDS, max_seconds / 3)
    latency = meter.measure(
        subject, calibration, max_seconds=timing, grace_seconds=max_seconds - timing
    )
    yield asdict(latency)
    left = max(0.0, max_seconds - (time.monotonic() - started))
    timed = replace(subject, variant=latency.variant)
    yield {"peak_memory_mib": measure_peak_memory_mib(timed, target, timeout_seconds=left)}


def _names(network: CatalogueEntry, target: Target) -> dict[str, object]:
    return {
        "model": network.name,
        "scale": network.config.scale,
        "target": str(target),
        "family": network.config.family,
        "arch_id": network.config.arch_id,
        "runtime": target.runtime,
        "lr_height_px": target.lr_height_px,
        "lr_width_px": target.lr_width_px,
    }
