"""Methods of search compared on the tabular benchmark, by replays of what its networks gave.

    [SEEDS=50] python benchmarks/search_methods.py [--workers 2]
    python benchmarks/search_methods.py --tune

The first writes results/search_methods.csv, one row for each finished evaluation, and
search_methods.md and .svg beside it. Methods: the samplers of Optuna with full trainings; MOASHA of
Syne Tune, in an environment of its own (moasha.py); our search with its ladder; and the same with
full trainings alone, so that it can decide by structure only. All of ours are `paretosr search`
itself; what a method proposes outside the table becomes the nearest row that it has not seen.

What counts is the hypervolume of what a method could hand over: the networks that it has trained to
the end, with the PSNR that the table has of them. Rungs on the way cost their steps and add nothing
to it. All steps of a network count alike, however long one takes, since steps are what is compared.

The rows by which settings are chosen, with --tune, are not among those that judge: the digest of a
network's name decides (`tunes`).
"""

import argparse
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from architectures import SPACE
from moasha import MoashaSettings, moasha, scheduler
from search_methods_report import CONTROL, FULL_TRAININGS, MOASHA, OURS, Curves, draw, write_report
from tabular_latency import LATENCY, TARGETS
from tabular_table import FOLDER, RUNGS

from foundation.atomic import write_text_atomically
from foundation.documents import read_yaml
from paretosr.cli.listener import TerminalListener
from profilers.agent.cores import usable_cores
from reports.pareto import hypervolume

RESULTS = Path(__file__).resolve().parent / "results"
BUDGET_TRAININGS = 60
FULL_STEPS = RUNGS[-1]
GP_SEEDS = 10
# Measured by `paretosr evaluate bicubic --scale 2` on Set14, on Y as the table.
BICUBIC_DB = 30.325
OUR_RUNGS = (1000, 2500)
MOASHA_SETTINGS = MoashaSettings(first_rung=500, reduction_factor=2)


def tunes(arch_id: str) -> bool:
    """Whether a row is for tuning: a third of them, by the first byte of the name's SHA-256."""
    return hashlib.sha256(arch_id.encode()).digest()[0] % 3 == 0


@dataclass(frozen=True)
class Evaluation:
    """A network that a method had trained to some steps, in the order in which it did so."""

    arch_id: str
    steps: int
    steps_made: int
    """Since its rung before."""


@dataclass(frozen=True)
class Rows:
    """What of the table a method may see, and what the comparison is made by."""

    curves: pd.DataFrame
    """PSNR by arch_id and steps, of seed 0."""
    costs: pd.Series
    """The second objective by arch_id."""
    cost_name: str
    largest_cost: float
    """Of the whole table."""

    def of(self, arch_ids: Sequence[str]) -> "Rows":
        return Rows(
            self.curves.loc[arch_ids],
            self.costs.loc[arch_ids],
            self.cost_name,
            self.largest_cost,
        )

    def volumes(self, evaluations: Sequence[Evaluation]) -> list[tuple[int, float]]:
        """The steps spent after each evaluation, and the hypervolume of the full trainings."""
        spent = accumulate(it.steps_made for it in evaluations)
        reference = np.array([-BICUBIC_DB, self.largest_cost])
        points: list[tuple[float, float]] = []
        found, volume = [], 0.0
        for steps, it in zip(spent, evaluations, strict=True):
            if it.steps == FULL_STEPS:
                quality = float(self.curves.loc[it.arch_id, FULL_STEPS])
                points.append((-quality, float(self.costs[it.arch_id])))
                volume = hypervolume(points, reference)
            found.append((steps, volume))
        return found
