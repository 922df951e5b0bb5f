"""The networks of a run in each form: what compression loses of them, and what it gains."""

import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from csv import writer
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import get_args

from foundation import write_text_atomically
from reports.columns import Precision
from reports.compression.compressed import CompressedForm, CompressedNetwork
from reports.pareto import front
from reports.records import TrialRecord

_HEADER = (
    "network",
    "form",
    "arch_id",
    "family",
    "precision",
    "trial",
    "file",
    "state",
    "psnr_y_db",
    "latency_ms",
    "size_kib",
    "psnr_change_db",
    "latency_factor",
    "size_factor",
    "reason",
)
_PRECISIONS = get_args(get_args(Precision)[0])
"""The least compressed first."""
FORMS = (*_PRECISIONS, *get_args(CompressedForm))
"""All that a network may be compared in."""


@dataclass(frozen=True)
class Change:
    """What a form makes of a network, compared with the least compressed one.

    None where one of the two is not known.
    """

    psnr_db: float | None
    """Added to PSNR: negative for a loss."""
    latency_factor: float | None
    size_factor: float | None


@dataclass(frozen=True)
class Version:
    """A network in one of the forms."""

    form: str
    record: TrialRecord
    compressed: CompressedNetwork | None = None
    """What it was judged as; None for a trial."""

    @property
    def name(self) -> str:
        """The number of the trial, or what the network is called that is none."""
        return f"#{self.record.trial}" if self.compressed is None else self.compressed.name


@dataclass(frozen=True)
class ComparedNetwork:
    """A trained network and what became of it, the least compressed version first."""

    arch_id: str
    family: str
    versions: tuple[Version, ...]

    @property
    def reference(self) -> Version:
        """The one that the others are compared with."""
        return self.versions[0]

    def of(self, form: str) -> list[Version]:
        """The versions of a form: one trial at most for each precision, and any number else."""
        return [version for version in self.versions if version.form == form]

    def change(self, version: Version) -> Change:
        """What this version makes of the reference."""
        before, after = self.reference.record, version.record
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


def compared_networks(
    records: Sequence[TrialRecord], compressed: Sequence[CompressedNetwork] = ()
) -> tuple[ComparedNetwork, ...]:
    """The networks that were judged in several forms, in the order of their trainings.

    What was pruned or taught is compared with a trial of its own precision alone.
    """
    networks = []
    for arch_id, trials in judged_trials(records).items():
        versions = [Version(name, record) for name, record in trials.items()]
        reference = versions[0].record
        versions += [
            Version(it.form, it.record, it)
            for form in get_args(CompressedForm)
            for it in compressed
            if (it.form, it.network, it.record.precision) == (form, arch_id, reference.precision)
        ]
        if len(versions) > 1:
            networks.append(ComparedNetwork(arch_id, reference.family, tuple(versions)))
    return tuple(networks)


def judged_trials(
    records: Sequence[TrialRecord],
) -> Mapping[str, Mapping[Precision, TrialRecord]]:
    """The trials of each trained network by their precision, the least compressed first."""
    found: defaultdict[str, dict[Precision, TrialRecord]] = defaultdict(dict)
    for record in records:
        judged = record.train_steps is not None and record.state != "duplicate"
        if judged and record.precision is not None:
            found[record.arch_id].setdefault(record.precision, record)
    return {
        arch_id: {name: trials[name] for name in sorted(trials, key=_PRECISIONS.index)}
        for arch_id, trials in found.items()
    }


def write_compression(path: Path, networks: Sequence[ComparedNetwork]) -> None:
    """Replace `path` with a line for each network and form.

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
    """A row for each network and form, by the names of compression.csv."""
    rows: list[dict[str, object]] = []
    for network in networks:
        for version in network.versions:
            record, change = version.record, network.change(version)
            values = (
                network.arch_id,
                version.form,
                record.arch_id,
                record.family,
                record.precision,
                record.trial,
                None if version.compressed is None else version.compressed.file,
                record.state,
                record.psnr_y_db,
                record.latency_ms,
                record.size_kib,
                change.psnr_db,
                change.latency_factor,
                change.size_factor,
                record.reason,
            )
            rows.append(dict(zip(_HEADER, values, strict=True)))
    return rows


def changes_in_words(networks: Sequence[ComparedNetwork]) -> list[str]:
    """A line for each form: the medians of what it makes of the networks."""
    lines = []
    for form, before in product(FORMS, _PRECISIONS):
        changes = [
            network.change(version)
            for network in networks
            for version in network.of(form)
            if network.reference.form == before != form
        ]
        parts = [
            text.format(median(known))
            for text, values in (
                ("{:+.3f} dB", [change.psnr_db for change in changes]),
                ("{:.2f} times the latency", [change.latency_factor for change in changes]),
                ("{:.2f} times the stored weights", [change.size_factor for change in changes]),
            )
            if (known := [value for value in values if value is not None])
        ]
        if parts:
            lines.append(f"{form} against {before}, in the median: {', '.join(parts)}")
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
        for name in _PRECISIONS
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
