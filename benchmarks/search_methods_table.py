"""The rows of the tabular benchmark that judge methods of search, and those that tune them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from architectures import SPACE
from moasha import Told
from tabular_latency import TARGETS

from foundation.documents import read_yaml
from profilers.runtimes.targets import Target
from reports.pareto import hypervolume
from search.config import SearchConfig, parse_search_config
from search.replay.replaying import Evaluation
from search.replay.table import ReplayTable, Row

FULL_TRAININGS_OF_BUDGET = 60
TARGET = str(Target.parse(TARGETS[0]))


def tunes(arch_id: str) -> bool:
    """Whether a row is for tuning: a third of them, by the first byte of the name's SHA-256."""
    return hashlib.sha256(arch_id.encode()).digest()[0] % 3 == 0


@dataclass(frozen=True)
class Benchmark:
    """Rows of the table, and what a method is to find among them."""

    table: ReplayTable
    cost: str
    """The objective beside quality: the latency on a target, or MACs while none is measured."""
    largest_cost: float
    """Of the whole table."""
    trainings: int
    """The budget, as so many full ones."""

    @classmethod
    def load(cls, folder: Path, *, tuning: bool) -> "Benchmark":
        """The rows that judge, or those that tune with a budget in proportion."""
        whole = ReplayTable.load(folder)
        # Steps are what is compared, so that one of every network counts alike.
        rows = {it: replace(row, seconds_per_step=1.0) for it, row in whole.rows.items()}
        whole = replace(whole, rows=rows)
        measured = all(TARGET in row.latencies for row in rows.values())
        cost = "latency_ms" if measured else "macs"
        largest = max(_cost(row, cost) for row in rows.values())
        chosen = [arch_id for arch_id in rows if tunes(arch_id) == tuning]
        trainings = FULL_TRAININGS_OF_BUDGET
        if tuning:
            trainings = round(trainings * len(chosen) / (len(rows) - len(chosen)))
        return cls(whole.of(chosen), cost, largest, trainings)

    @property
    def full_steps(self) -> int:
        return self.table.steps[-1]

    @property
    def budget_steps(self) -> int:
        return self.trainings * self.full_steps

    @property
    def unit(self) -> str:
        return "ms" if self.cost == "latency_ms" else "GMACs"

    @property
    def bicubic_db(self) -> float:
        if self.table.bicubic_db is None:
            raise ValueError("the table must hold bicubic.csv, by which a network's gain counts")
        return self.table.bicubic_db

    @property
    def reference(self) -> tuple[float, float]:
        """The worst objectives that count, to be minimised: bicubic's PSNR, the largest cost."""
        return -self.bicubic_db, self.largest_cost

    def point(self, arch_id: str, steps: int) -> tuple[float, float]:
        """The objectives of a network after so many steps, to be minimised."""
        row = self.table.rows[arch_id]
        return -row.rungs[steps].psnr_y_db, _cost(row, self.cost)

    def config(self, sampler: str, rungs: Sequence[int] | None, seed: int) -> SearchConfig:
        """A search with these rungs, or by plain full trainings."""
        space = read_yaml(SPACE)
        config: dict[str, Any] = {
            "scale": space["scale"],
            "families": space["families"],
            "objectives": ["psnr_y_db", self.cost],
            "target": TARGET,
            "training": {"recipe": "steady"},
            "budget": {"trials": self.trainings, "steps": self.full_steps},
            "ladder": "none" if rungs is None else {"rungs": list(rungs)},
            "sampler": sampler,
            "seed": seed,
        }
        return parse_search_config(config, "the benchmark's config")

    def volumes(self, evaluations: Iterable[Evaluation | Told]) -> list[tuple[int, float]]:
        """The steps spent after each evaluation, and the hypervolume of the full trainings."""
        points: list[tuple[float, float]] = []
        found, spent, volume = [], 0, 0.0
        for it in evaluations:
            spent += it.steps_made
            if it.steps == self.full_steps:
                points.append(self.point(it.arch_id, it.steps))
                volume = hypervolume(points, self.reference)
            found.append((spent, volume))
        return found


def _cost(row: Row, name: str) -> float:
    """In milliseconds, or in GMACs."""
    return row.latencies[TARGET].latency_ms if name == "latency_ms" else row.macs / 1e9
