"""Many networks on many targets: each pair is a cell, and no cell can stop the others."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from blocks import CATALOGUE
from blocks.models import Model
from foundation import one_line, raise_interrupt
from foundation.listener import SILENT, Listener
from imaging import BUNDLED
from paretosr.compressing.quantising import subject_on
from paretosr.measuring.available_targets import EVERY, named_targets
from paretosr.measuring.profile_table import ProfileRecord, ProfileTable
from paretosr.results import Result, Table
from profilers import (
    Calibration,
    LatencyMeter,
    ProfilingFailed,
    Subject,
    Target,
    analytic_cost,
    measure_peak_memory_mib,
)

_CALIBRATION_SECONDS = 10.0
_TIMING_SECONDS = 20.0

Cells = Mapping[Target, Sequence[Model]]
"""The networks to measure on each target."""


@dataclass(frozen=True, repr=False)
class Sweep(Result):
    """How the filling of a table went; the costs are in the file."""

    csv: Path
    """The table."""
    measured: int
    """Rows with costs."""
    failed: int
    """Rows that say why there is no number."""
    skipped: int
    """Rows that were there already."""

    def to_dict(self) -> Mapping[str, object]:
        return {
            "csv": str(self.csv),
            "measured": self.measured,
            "failed": self.failed,
            "skipped": self.skipped,
        }

    def tables(self) -> Sequence[Table]:
        return ()

    def sentences(self) -> Sequence[str]:
        return (
            f"{self.csv}: {self.measured} measured, {self.failed} failed for the reason in their "
            f"row, {self.skipped} skipped because they were there",
        )


def sweep(
    csv: Path | str,
    *,
    scale: int | None = None,
    target: str = EVERY,
    calibration_images: str | Path = BUNDLED,
    max_seconds: float = 300.0,
    listener: Listener = SILENT,
) -> Sweep:
    """Fill a CSV file with what each network of the catalogue costs, and return how that went.

    Each network on each target becomes a row as soon as it is measured. What crashes, hangs or is
    not supported gets a row that says so. A second call goes on after the last row; remove a row
    to have it measured again.

    Args:
        csv: the file to write, or to go on with.
        scale: 2, 3 or 4; None for all.
        target: RUNTIME[:key=value,...], or "all[:key=value,...]" for every runtime that is here.
        calibration_images: folder of training images, or "bundled", by which networks are quantised
            for targets with precision=int8.
        max_seconds: for a network on a target in all, but for quantising it.
        listener: hears how far it is, and of runtimes that are not here.

    Raises:
        ValueError: the scale or the target is unknown, or the file is another table.
        OSError: the file cannot be read or written.
        KeyboardInterrupt: interrupted; the file holds what was measured until then.

    Examples:
        >>> import paretosr as psr
        >>> filled = psr.sweep("costs.csv", scale=4, target="eager:lr=8x8")  # doctest: +SKIP
        >>> pandas.read_csv(filled.csv).groupby("state").size()  # doctest: +SKIP
    """
    networks = catalogue_networks(scale)
    targets = named_targets(target, listener)
    table = ProfileTable(Path(csv))
    cells = unfinished(networks, targets, table)
    states: Counter[str] = Counter()
    try:
        for record in measured_cells(
            cells,
            max_seconds=max_seconds,
            calibration_images=calibration_images,
            listener=listener,
        ):
            table.add(record)
            states[record.state] += 1
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; the same command goes on with {csv}") from None
    skipped = len(networks) * len(targets) - sum(map(len, cells.values()))
    return Sweep(Path(csv), states["measured"], states["failed"], skipped)


def catalogue_networks(scale: int | None) -> tuple[Model, ...]:
    """Return the networks of the catalogue at `scale`, or at every scale.

    Raises:
        ValueError: there is none at this scale.
    """
    networks = tuple(
        Model(entry.name, entry.config.scale, entry.config)
        for entry in CATALOGUE
        if scale in (None, entry.config.scale)
    )
    if not networks:
        raise ValueError(f"scale must be 2, 3 or 4, got {scale}")
    return networks


def unfinished(networks: Sequence[Model], targets: Sequence[Target], table: ProfileTable) -> Cells:
    """Return for each target the networks that have no row in `table`, failed ones included."""
    left = {
        target: [network for network in networks if not table.has(network, target)]
        for target in targets
    }
    return {target: missing for target, missing in left.items() if missing}


def measured_cells(
    cells: Cells,
    *,
    max_seconds: float,
    calibration_images: str | Path = BUNDLED,
    listener: Listener,
) -> Iterator[ProfileRecord]:
    """Yield one row for each cell, as soon as it is measured.

    Networks run in processes of their own. One that crashes or is not done in time ends, and
    the row says why in its columns state ("failed") and reason; what is known by then stays.
    The limit of a cell is `max_seconds` beside the start of its processes, in which the network
    is made ready three times: in two processes to be timed, for a third of the limit or 20
    seconds, and for its memory. All rows of one call on one target share one calibration; where
    the reference network cannot be measured, no network of that target is tried.
    """
    done, total = 0, sum(map(len, cells.values()))
    listener.status("profiling")
    for target, networks in cells.items():
        with LatencyMeter(target) as meter:
            listener.progress(done, total, f"reference network on {target}")
            calibration = _calibration(meter, max_seconds)
            for network in networks:
                listener.progress(done, total, f"{network.name} x{network.scale} on {target}")
                yield _record(
                    network,
                    partial(
                        subject_on,
                        network,
                        target,
                        calibration_images=calibration_images,
                        listener=listener,
                    ),
                    meter,
                    calibration,
                    max_seconds,
                )
                done += 1


def _calibration(meter: LatencyMeter, max_seconds: float) -> Calibration | ProfilingFailed:
    timing = min(_CALIBRATION_SECONDS, max_seconds / 3)
    try:
        return meter.calibrate(timing, grace_seconds=max_seconds - timing)
    except ProfilingFailed as error:
        return ProfilingFailed(f"the reference network cannot be measured: {error}")


def _record(
    network: Model,
    subject: Callable[[], Subject | None],
    meter: LatencyMeter,
    calibration: Calibration | ProfilingFailed,
    max_seconds: float,
) -> ProfileRecord:
    record = ProfileRecord.failed(network, meter.target)
    try:
        for known in _more_and_more(record, subject, meter, calibration, max_seconds):
            record = known
    except Exception as error:  # whatever is wrong with one cell, the others are measured
        raise_interrupt(error)
        return replace(record, reason=one_line(error))
    return replace(record, state="measured")


def _more_and_more(
    record: ProfileRecord,
    subject_on_target: Callable[[], Subject | None],
    meter: LatencyMeter,
    calibration: Calibration | ProfilingFailed,
    max_seconds: float,
) -> Iterator[ProfileRecord]:
    """Yield the row of a cell whenever more of it is known."""
    subject, target = subject_on_target(), meter.target
    assert subject is not None  # the catalogue holds networks only
    record = record.with_costs(analytic_cost(subject.config, target))
    yield record
    if isinstance(calibration, ProfilingFailed):
        raise calibration
    record = replace(record, clock=calibration.clock, reference_ms=calibration.reference_ms)
    yield record
    meter.start()
    started = time.monotonic()
    timing = min(_TIMING_SECONDS, max_seconds / 3)
    latency = meter.measure(
        subject, calibration, max_seconds=timing, grace_seconds=max_seconds - timing
    )
    record = record.with_costs(latency)
    yield record
    left = max(0.0, max_seconds - (time.monotonic() - started))
    timed = subject if subject.program else replace(subject, variant=latency.variant)
    peak_memory_mib = measure_peak_memory_mib(timed, target, timeout_seconds=left)
    yield replace(record, peak_memory_mib=peak_memory_mib)
