"""The tabular benchmark's files, and what of it is still to be trained."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from foundation.append_only import append_line, cut_torn_line, whole_lines
from foundation.atomic import write_text_atomically

FOLDER = Path(__file__).resolve().parent / "tabular"
TRAININGS = FOLDER / "trainings.csv"

RUNGS = (100, 250, 500, 1000, 1750, 2500)
SEEDS = 3
REPEATED_PER_FAMILY = 4
# The further seeds begin when so many networks have had their first, so that a part of the table
# knows its noise too.
REPEATED_AFTER = 60


@dataclass(frozen=True)
class Job:
    """One training, and the rungs of it that the table lacks."""

    arch_id: str
    seed: int
    rungs: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.arch_id}-s{self.seed}"

    def after(self, steps: int) -> "Job":
        """What is left of it when a rung has been reached."""
        return replace(self, rungs=tuple(rung for rung in self.rungs if rung > steps))


@dataclass(frozen=True)
class Rung:
    """A row of trainings.csv: a network after so many steps of one training."""

    arch_id: str
    seed: int
    steps: int
    psnr_y_db: float
    """On Set14, as `ssim_y`."""
    ssim_y: float
    b100_psnr_y_db: float | None
    """At the last rung alone, as `b100_ssim_y`."""
    b100_ssim_y: float | None
    steps_made: int
    """Since the rung before: the cooldown of that one is left out, that of this one is made."""
    train_seconds: float
    """For these steps, on a machine that may have been busy."""


class Trainings:
    """The rows of trainings.csv, of which a killed process leaves whole lines alone."""

    def __init__(self, path: Path = TRAININGS) -> None:
        self._path = path
        self._known: set[tuple[str, int, int]] = set()
        if path.exists():
            cut_torn_line(path)
            rows = csv.DictReader(whole_lines(path))
            self._known = {(row["arch_id"], int(row["seed"]), int(row["steps"])) for row in rows}
        else:
            write_text_atomically(path, ",".join(field.name for field in fields(Rung)) + "\n")

    def add(self, rung: Rung) -> None:
        """Append a row; it is on the disk when this returns."""
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(astuple(rung))
        append_line(self._path, line.getvalue())
        self._known.add((rung.arch_id, rung.seed, rung.steps))

    def missing(self, arch_id: str, seed: int) -> tuple[int, ...]:
        """The rungs that a training still has to reach."""
        return tuple(steps for steps in RUNGS if (arch_id, seed, steps) not in self._known)


def trainings_in_order(families: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
    """Every training of the table as (arch_id, seed), in the order in which they are made.

    `families` is (arch_id, family) of each network in the order of the table. The first of each
    family are trained with several seeds.
    """
    return [training for _, training in sorted(_placed(families))]


def _placed(families: Sequence[tuple[str, str]]) -> Iterator[tuple[int, tuple[str, int]]]:
    seen: dict[str, int] = {}
    for place, (arch_id, family) in enumerate(families):
        seen[family] = seen.get(family, 0) + 1
        seeds = SEEDS if seen[family] <= REPEATED_PER_FAMILY else 1
        for seed in range(seeds):
            yield place + REPEATED_AFTER * seed, (arch_id, seed)
