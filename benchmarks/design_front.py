"""The front of a search over all families beside SeemoRe-T and SplitSR, all trained alike.

    python benchmarks/design_front.py --data BSDS400 --set14 Set14 --b100 B100 \
        [--work runs/tabular] [--workers 2]

To beat SeemoRe-T is to have its PSNR at half its latency; to beat SplitSR is to have more PSNR in
its time. At the rate by which the table's networks are trained SplitSR diverges, so that it has one
of its own. The search is our own, replayed on the tabular benchmark with three seeds; of each front
the network with the most PSNR in that time stands beside the design. All are trained as the
networks of the table, with three seeds each, and timed by tabular_latency.py.

appends to tabular/designs.csv one row for each training that the table lacks, to
tabular/designs_at_own_rate.csv those of SplitSR, and goes on where it stopped; writes
results/design_front.md.
"""

import argparse
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from common import stop_by_sigterm
from scipy.stats import ttest_ind
from search_methods import OUR_RUNGS, OUR_SAMPLER
from search_methods_table import TARGET, Benchmark
from tabular_architectures import architectures, published_designs
from tabular_latency import CALIBRATIONS, LATENCY, TARGETS
from tabular_table import FOLDER, RUNGS, SEEDS, TRAININGS, Job, Rung, Trainings
from tabular_workers import RECIPE, Places, TrainingPool

from foundation.atomic import write_text_atomically
from foundation.documents import read_json
from foundation.listener import SILENT
from paretosr.cli.listener import TerminalListener
from reports.pareto import front
from reports.records import TrialRecord
from search.listening import as_search_listener
from search.replay.replaying import replay
from search.replay.table import ReplayTable
from training.recipes.choice import RecipeChoice

DESIGNS = FOLDER / "designs.csv"
AT_OWN_RATE = FOLDER / "designs_at_own_rate.csv"
OWN_RATES = {"SplitSR": 5e-4}
RESULT = Path(__file__).resolve().parent / "results" / "design_front.md"
SEARCHES = 3
ALLOWED_SHARE = {"SeemoRe-T": 0.5, "SplitSR": 1.0}
"""Of a design's latency, in which its PSNR is to be beaten."""


@dataclass(frozen=True)
class Known:
    """What is known of a network."""

    name: str
    psnr_y_db: tuple[float, ...]
    """On Set14 after the last rung, of each seed."""
    latency_ms: float
    latency_ci_ms: tuple[float, float]

    @classmethod
    def of(cls, arch_id: str, name: str) -> Self:
        files = [AT_OWN_RATE] if name in OWN_RATES else [TRAININGS, DESIGNS]
        trainings = pd.concat([pd.read_csv(path) for path in files])
        last = trainings[(trainings["arch_id"] == arch_id) & (trainings["steps"] == RUNGS[-1])]
        timed = pd.read_csv(LATENCY)
        timed = timed[(timed["arch_id"] == arch_id) & (timed["target"] == TARGETS[0])]
        low_ms, high_ms = timed["latency_ci_low_ms"].min(), timed["latency_ci_high_ms"].max()
        qualities = tuple(last.sort_values("seed")["psnr_y_db"])
        return cls(name, qualities, timed["latency_ms"].median(), (low_ms, high_ms))

    def gain_over(self, other: Self) -> tuple[float, float, float]:
        """The difference of the means, and its 95 % interval by Welch's t."""
        test = ttest_ind(self.psnr_y_db, other.psnr_y_db, equal_var=False)
        low_db, high_db = test.confidence_interval(0.95)
        gain_db = float(np.mean(self.psnr_y_db) - np.mean(other.psnr_y_db))
        return gain_db, float(low_db), float(high_db)

    def __str__(self) -> str:
        low_ms, high_ms = self.latency_ci_ms
        qualities = ", ".join(f"{it:.3f}" for it in self.psnr_y_db)
        return (
            f"{self.name} | {qualities} | {np.mean(self.psnr_y_db):.3f} "
            f"| {self.latency_ms:.1f} ({low_ms:.1f} to {high_ms:.1f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    places, options = Places.parsed(parser)
    stop_by_sigterm()
    os.nice(19)
    designs = {name: config.arch_id for name, config in published_designs().items()}
    with TerminalListener() as listener:
        for name, arch_id in designs.items():
            if name in OWN_RATES:  # once at the rate of all others, to show what that gives
                train([arch_id], places, options.workers, listener, seeds=1)
                own = replace(places, work=places.work / "own", learning_rate=OWN_RATES[name])
                train([arch_id], own, options.workers, listener, AT_OWN_RATE)
            else:
                train([arch_id], places, options.workers, listener)
        listener.status("replaying searches")
        benchmark, table = Benchmark.load(FOLDER, tuning=False), ReplayTable.load(FOLDER)
        fronts = [searched_front(benchmark, table, seed) for seed in range(SEARCHES)]
        beside = {}
        for name, arch_id in designs.items():
            limit_ms = ALLOWED_SHARE[name] * Known.of(arch_id, name).latency_ms
            beside[name] = [best_within(records, limit_ms) for records in fronts]
        chosen = {it for found in beside.values() for it in found if it is not None}
        train(sorted(chosen), places, options.workers, listener)
    write_text_atomically(RESULT, page(designs, beside, benchmark.largest_cost))


def train(
    arch_ids: Iterable[str],
    places: Places,
    workers: int,
    listener: TerminalListener,
    beside: Path = DESIGNS,
    seeds: int = SEEDS,
) -> None:
    """Train what neither the table nor the file beside it has, to the last rung."""
    configs = architectures() | {it.arch_id: it for it in published_designs().values()}
    table, trainings = Trainings(), Trainings(beside)
    last = (RUNGS[-1],)
    jobs = [
        Job(arch_id, seed, last)
        for arch_id in arch_ids
        for seed in range(seeds)
        if last[0] in table.missing(arch_id, seed) and last[0] in trainings.missing(arch_id, seed)
    ]
    done = 0

    def on_rung(rung: Rung) -> None:
        nonlocal done
        trainings.add(rung)
        done += 1
        listener.progress(done, len(jobs), f"{rung.arch_id} {rung.psnr_y_db:.2f} dB")

    listener.status("training")
    TrainingPool(configs, places, workers, math.inf, on_rung, listener).train(jobs)


def searched_front(benchmark: Benchmark, table: ReplayTable, seed: int) -> list[TrialRecord]:
    """The front of a search over the whole table, as the benchmark's are configured."""
    config = benchmark.config(OUR_SAMPLER, OUR_RUNGS, seed)
    found = replay(config, table, as_search_listener(SILENT))
    return front(found.records, config.objectives)


def best_within(records: Iterable[TrialRecord], limit_ms: float) -> str | None:
    """The network with the most PSNR of those that take at most so long."""
    within = [it for it in records if it.latency_ms is not None and it.latency_ms <= limit_ms]
    best = max(within, key=lambda it: it.psnr_y_db or 0.0, default=None)
    return None if best is None else best.arch_id


def page(
    designs: Mapping[str, str], beside: Mapping[str, list[str | None]], slowest_ms: float
) -> str:
    rows, verdicts = [], []
    for name, arch_id in designs.items():
        design = Known.of(arch_id, name)
        rows.append(f"| {design} | |")
        beats = 0
        for found in dict.fromkeys(beside[name]):
            seeds = ", ".join(str(seed) for seed, it in enumerate(beside[name]) if it == found)
            if found is None:
                rows.append(f"| none in time, searches {seeds} | | | | |")
                continue
            rival = Known.of(found, f"{found}, searches {seeds}")
            gain_db, low_db, high_db = rival.gain_over(design)
            beats += (gain_db >= 0) * beside[name].count(found)
            rows.append(f"| {rival} | {gain_db:+.3f} ({low_db:+.3f} to {high_db:+.3f}) |")
        verdicts.append(
            f"- {name}: its PSNR at {ALLOWED_SHARE[name]:g} of its latency is beaten by "
            f"{beats} of {SEARCHES} searches."
        )
    return "\n".join(
        [
            "# The front of a search beside SeemoRe-T and SplitSR",
            "",
            f"Every network was trained alike, {RUNGS[-1]:,} steps of the recipe {RECIPE} on "
            f"BSDS400, with {SEEDS} seeds; the first is that by which a search found it. "
            f"{' '.join(map(at_own_rate, OWN_RATES))} PSNR on Y of Set14. Latency on "
            f"{TARGETS[0]}, on {cpu()}. Under each design stands what the fronts of {SEARCHES} "
            "searches have in the time that is allowed; gains and their 95 % "
            "intervals (Welch) are over the design.",
            "",
            "| network | PSNR of each seed (dB) | mean (dB) "
            "| latency (ms), 95 % interval | gain (dB) |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *verdicts,
            f"- The slowest network that the searches could find takes {slowest_ms:.0f} ms.",
            "",
        ]
    )


def at_own_rate(name: str) -> str:
    """Why a design has a learning rate of its own."""
    rate = RecipeChoice(RECIPE).recipe.learning_rate
    trainings = pd.read_csv(DESIGNS)
    diverged = trainings[trainings["arch_id"] == published_designs()[name].arch_id]
    return (
        f"Only {name} had another learning rate, {OWN_RATES[name]:g}: at that of all others, "
        f"{rate:g}, it ended at {diverged['psnr_y_db'].iloc[0]:.2f} dB."
    )


def cpu() -> str:
    """On which the table's latencies were measured."""
    return str(read_json(CALIBRATIONS)[TARGET]["device"]["cpu_model"])


if __name__ == "__main__":
    main()
