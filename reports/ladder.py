"""What a search with a ladder leaves beside its trials: curves, families, and how it estimated."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from foundation import write_text_atomically
from reports.columns import PsnrYDb, SsimY, TrainSeconds, TrainSteps, Trial
from reports.records import TrialRecord


@dataclass(frozen=True)
class CurveRow:
    """A trial after a rung: a row of curves.csv."""

    trial: Trial
    steps: TrainSteps
    psnr_y_db: PsnrYDb
    ssim_y: SsimY | None
    seconds: TrainSeconds
    """Of all steps so far."""


@dataclass(frozen=True)
class FamilyRow:
    """What became of the networks of one family that were proposed: a row of families.csv."""

    family: str
    proposed: int
    """Different networks."""
    gated: int
    """Of these, how many broke a constraint before they were trained."""
    trained: int
    """How many trainings began."""
    promoted: int | None
    """How many of these went on after the first rung; None without a ladder."""
    finished: int
    """How many reached the last rung."""


@dataclass(frozen=True)
class Comparison:
    """How two estimates fare on the run's own finished trainings, each predicted by the others.

    None where too few are finished to tell, and then structure alone is used.
    """

    finished: int
    structure_error_db: float | None
    """Root of the mean square, from the structure alone, which is known without training."""
    curve_error_db: float | None
    """From the structure and the rungs below the last."""
    structure_tau: float | None
    """Kendall's rank correlation with what the trainings gave."""
    curve_tau: float | None
    curve_is_used: bool
    """Whether decisions go by the second estimate; otherwise by the first."""


@dataclass(frozen=True)
class Estimation(Comparison):
    """How well the search estimated what a training will end with, and what follows from it."""

    front_probability: Mapping[int, float] = field(default_factory=dict)
    """Of each finished trial that may be on the front, by its number."""

    def __str__(self) -> str:
        """One line for people."""
        if self.structure_error_db is None or self.curve_error_db is None:
            return (
                f"estimates went by structure alone: {self.finished} finished trainings are too "
                "few to tell whether rungs help"
            )
        used, other = ("structure and rungs", "structure alone")
        errors = (self.curve_error_db, self.structure_error_db)
        taus = (self.curve_tau, self.structure_tau)
        if not self.curve_is_used:
            used, other, errors, taus = other, used, errors[::-1], taus[::-1]
        return (
            f"estimates went by {used}: off by {errors[0]:.3f} dB{_tau(taus[0])} on "
            f"{self.finished} finished trainings, each predicted from the others; {other}: "
            f"{errors[1]:.3f} dB{_tau(taus[1])}"
        )


@dataclass(frozen=True)
class LadderFacts:
    """All of it."""

    rungs: tuple[int, ...]
    curves: tuple[CurveRow, ...] = ()
    proposed: Mapping[str, int] = field(default_factory=dict)
    """How many different networks were proposed, by family."""
    gated: Mapping[str, int] = field(default_factory=dict)
    estimation: Estimation | None = None

    @property
    def judged(self) -> Estimation:
        """How the search estimated; before it has found out, that no training is finished."""
        return self.estimation or Estimation(0, None, None, None, None, curve_is_used=False)

    def __str__(self) -> str:
        """One line for people: how the search estimated."""
        return str(self.judged)


def with_probabilities(
    records: Sequence[TrialRecord], facts: LadderFacts | None
) -> tuple[TrialRecord, ...]:
    """The records with their probability of being on the front, as far as it is known."""
    known = {} if facts is None or facts.estimation is None else facts.estimation.front_probability
    return tuple(
        replace(record, front_probability=known.get(record.trial))
        if record.trial is not None
        else record
        for record in records
    )


def family_rows(records: Sequence[TrialRecord], facts: LadderFacts | None) -> list[FamilyRow]:
    """A row for each family that was proposed, in alphabetical order.

    Without a ladder, what was proposed is what the trials say.
    """
    rows = []
    trials = [record for record in records if record.config is not None]
    proposed = {} if facts is None else facts.proposed
    for family in sorted({*proposed, *(record.family for record in trials)}):
        own = [it for it in trials if it.family == family and it.state != "duplicate"]
        begun = [record for record in own if record.train_steps is not None]
        finished = [record for record in begun if record.state in ("trained", "infeasible")]
        promoted = None
        if facts is not None:
            finished = [record for record in begun if record.train_steps == facts.rungs[-1]]
            promoted = sum((record.train_steps or 0) > facts.rungs[0] for record in begun)
        gated = [it for it in own if it.state == "infeasible" and it.train_steps is None]
        rows.append(
            FamilyRow(
                family,
                max(proposed.get(family, 0), len({record.arch_id for record in own})),
                len(gated) if facts is None else facts.gated.get(family, 0),
                len(begun),
                promoted,
                len(finished),
            )
        )
    return rows


def ladder_values(records: Sequence[TrialRecord], facts: LadderFacts | None) -> dict[str, object]:
    """What of all this a document of the run has, under its keys."""
    estimation = None if facts is None else facts.estimation
    return {
        "families": [asdict(row) for row in family_rows(records, facts)],
        "estimation": None if estimation is None else asdict(estimation),
    }


def family_columns(rows: Sequence[FamilyRow]) -> dict[str, list[str]]:
    """The columns of `rows` by their headings; one that nothing is known of is left out."""
    found = {it.name: [getattr(row, it.name) for row in rows] for it in fields(FamilyRow)}
    return {name: list(map(str, column)) for name, column in found.items() if None not in column}


def family_table(rows: Sequence[FamilyRow]) -> Table:
    """The rows for a terminal."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    columns = family_columns(rows)
    for heading in columns:
        table.add_column(heading, justify="left" if heading == "family" else "right", no_wrap=True)
    for line in zip(*columns.values(), strict=True):
        table.add_row(*line)
    return table


def write_ladder(
    run_dir: Path, records: Sequence[TrialRecord], facts: LadderFacts | None
) -> tuple[Path | None, Path | None]:
    """Replace families.csv, and of a search with a ladder curves.csv; return their paths.

    Raises:
        OSError: the folder cannot be written.
    """
    rows = family_rows(records, facts)
    families = _written(run_dir / "families.csv", FamilyRow, rows) if rows else None
    if facts is None:
        return families, None
    return families, _written(run_dir / "curves.csv", CurveRow, facts.curves)


def _written(path: Path, table: type, rows: Sequence[FamilyRow | CurveRow]) -> Path:
    names = [column.name for column in fields(table)]
    frame = pd.DataFrame([vars(row) for row in rows], columns=names)
    write_text_atomically(path, frame.to_csv(index=False, lineterminator="\n"))
    return path


def _tau(tau: float | None) -> str:
    return "" if tau is None else f" (tau {tau:.2f})"
