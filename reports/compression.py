"""The networks of a run in each precision: what compression loses of them, and what it gains."""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from csv import writer
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.box import SIMPLE_HEAD
from rich.table import Table

from foundation import write_text_atomically
from reports.columns import columns_of
from reports.pareto import front
from reports.records import TrialRecord

_HEADER = (
    "arch_id",
    "family",
    "precision",
    "trial",
    "state",
    "psnr_y_db",
    "latency_ms",
    "size_kib",
    "psnr_change_db",
    "latency_factor",
    "size_factor",
    "reason",
)
_ORDER = next(it.choices for it in columns_of(TrialRecord) if it.name == "precision")
"""Of precisions, the least compressed first."""


@dataclass(frozen=True)
class Change:
    """What a precision makes of a network, compared with the least compressed one.

    None where one of the two is not known.
    """

    psnr_db: float | None
    """Added to PSNR: negative for a loss."""
    latency_factor: float | None
    size_factor: float | None


@dataclass(frozen=True)
class ComparedNetwork:
    """The trials of one trained network, by their precision, the least compressed first."""

    arch_id: str
    family: str
    trials: Mapping[str, TrialRecord]

    @property
    def reference(self) -> TrialRecord:
        """The trial that the others are compared with."""
        return next(iter(self.trials.values()))

    def change(self, precision: str) -> Change:
        """What this precision makes of the reference."""
        before, after = self.reference, self.trials[precision]
        gain_db = (
            None
            if before.psnr_y_db is None or after.psnr_y_db is None
            else after.psnr_y_db - before.psnr_y_db
        )
        return Change(
            gain_db,
            _factor(before.latency_ms, after.latency_ms),
            _factor(before.size_kib, after.size_kib),
        )


def compared_networks(records: Sequence[TrialRecord]) -> tuple[ComparedNetwork, ...]:
    """The networks that were judged in several precisions, in the order of their trainings."""
    found: defaultdict[str, dict[str, TrialRecord]] = defaultdict(dict)
    for record in records:
        judged = record.train_steps is not None and record.state != "duplicate"
        if judged and record.precision is not None:
            found[record.arch_id].setdefault(record.precision, record)
    networks = []
    for arch_id, trials in found.items():
        ordered = {name: trials[name] for name in _ORDER if name in trials}
        if len(ordered) > 1:
            networks.append(ComparedNetwork(arch_id, next(iter(ordered.values())).family, ordered))
    return tuple(networks)


def write_compression(path: Path, networks: Sequence[ComparedNetwork]) -> None:
    """Replace `path` with a line for each network and precision.

    Raises:
        OSError: the folder cannot be written.
    """
    text = io.StringIO()
    lines = writer(text, lineterminator="\n")
    lines.writerow(_HEADER)
    for row in compression_rows(networks):
        lines.writerow(row.values())
    write_text_atomically(path, text.getvalue())


def compression_rows(networks: Sequence[ComparedNetwork]) -> list[dict[str, object]]:
    """A row for each network and precision, by the names of compression.csv."""
    rows: list[dict[str, object]] = []
    for network in networks:
        for precision, trial in network.trials.items():
            change = network.change(precision)
            values = (
                network.arch_id,
                network.family,
                precision,
                trial.trial,
                trial.state,
                trial.psnr_y_db,
                trial.latency_ms,
                trial.size_kib,
                change.psnr_db,
                change.latency_factor,
                change.size_factor,
                trial.reason,
            )
            rows.append(dict(zip(_HEADER, values, strict=True)))
    return rows


def compression_columns(networks: Sequence[ComparedNetwork]) -> dict[str, list[str]]:
    """For people: a line for each network, a column for each quantity and precision.

    A column that nothing is known of is left out.
    """
    names = [name for name in _ORDER if any(name in network.trials for network in networks)]
    columns = {"architecture": [network.arch_id for network in networks]}
    for unit, show in _CELLS.items():
        for name in names:
            trials = [network.trials.get(name) for network in networks]
            cells = ["" if trial is None else show(trial) for trial in trials]
            if any(cells):
                columns[f"{name}\n({unit})"] = cells
    return columns


def compression_table(networks: Sequence[ComparedNetwork]) -> Table:
    """The columns for a terminal."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    columns = compression_columns(networks)
    for heading in columns:
        table.add_column(
            heading, justify="left" if heading == "architecture" else "right", no_wrap=True
        )
    for line in zip(*columns.values(), strict=True):
        table.add_row(*line)
    return table


def changes_in_words(networks: Sequence[ComparedNetwork]) -> list[str]:
    """A line for each precision: the medians of what it makes of the networks."""
    lines = []
    for name in _ORDER:
        changes = [
            network.change(name)
            for network in networks
            if name in network.trials and network.trials[name] is not network.reference
        ]
        parts = [
            form.format(median(known))
            for form, values in (
                ("{:+.3f} dB", [change.psnr_db for change in changes]),
                ("{:.2f} times the latency", [change.latency_factor for change in changes]),
                ("{:.2f} times the stored weights", [change.size_factor for change in changes]),
            )
            if (known := [value for value in values if value is not None])
        ]
        if parts:
            before = networks[0].reference.precision
            lines.append(f"{name} against {before}, in the median: {', '.join(parts)}")
    return lines


def why_off_the_front(records: Sequence[TrialRecord], objectives: Sequence[str]) -> list[str]:
    """A line for each precision of several that no network on the front has: what became of it."""
    tried: defaultdict[str, list[TrialRecord]] = defaultdict(list)
    for record in records:
        if record.precision is not None and record.state != "duplicate":
            tried[record.precision].append(record)
    trained = any(record.state == "trained" for trials in tried.values() for record in trials)
    if len(tried) < 2 or not trained:
        return []
    shown = {record.precision for record in front(records, objectives)}
    return [
        f"no {name} network is on the front: of {len(tried[name])}, {_fates(tried[name])}"
        for name in _ORDER
        if name in tried and name not in shown
    ]


def _fates(trials: Sequence[TrialRecord]) -> str:
    parts = []
    states = Counter(str(trial.state) for trial in trials)
    for state, words in _FATES.items():
        if states[state]:
            reasons = Counter(trial.reason for trial in trials if trial.state == state)
            (reason, _), *_ = reasons.most_common(1)
            parts.append(f"{states[state]} {words}" + (f" ({reason})" if reason else ""))
    return ", ".join(parts)


_FATES = {
    "trained": "dominated by others",
    "infeasible": "infeasible",
    "failed": "failed",
}


def _factor(before: float | None, after: float | None) -> float | None:
    return None if not before or after is None else after / before


def _decibels(trial: TrialRecord) -> str:
    """PSNR, or why there is none."""
    return trial.state if trial.psnr_y_db is None else f"{trial.psnr_y_db:.3f}"


_CELLS: Mapping[str, Callable[[TrialRecord], str]] = {
    "dB": _decibels,
    "ms": lambda trial: "" if trial.latency_ms is None else f"{trial.latency_ms:,.4g}",
    "KiB": lambda trial: "" if trial.size_kib is None else f"{trial.size_kib:,.1f}",
}
