"""Methods of search compared on the tabular benchmark, by replays of what its networks gave.

    [SEEDS=50] python benchmarks/search_methods.py [--workers 2]
    [SEEDS=10] python benchmarks/search_methods.py --tune

The first writes results/search_methods.csv, one row for each finished evaluation, and
search_methods.md and .png beside it. Methods: the samplers of Optuna with full trainings; MOASHA of
Syne Tune, in an environment of its own (moasha.py); our search with its ladder; and the same with
full trainings alone, so that structure is all that it can decide by. All but MOASHA are
`paretosr search --replay`; what a method proposes outside the table becomes the nearest row that it
has not seen.

What counts is the hypervolume of what a method could hand over: the networks that it has trained to
the end, with the PSNR that the table has of them. Rungs on the way cost their steps and add nothing
to it. A step of every network counts alike, for steps are what is compared.

--tune writes results/search_methods_tuning.md, by which the settings below were chosen. The rows
that it sees are not among those that judge: the digest of a network's name decides (`tunes`).
"""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from moasha import MoashaSettings, moasha, scheduler
from search_methods_report import (
    CONTROL,
    FULL_TRAININGS,
    MOASHA,
    OURS,
    Curves,
    draw,
    table,
    verdicts,
)
from search_methods_table import Benchmark
from tabular_latency import TARGETS
from tabular_table import FOLDER

from foundation.atomic import write_text_atomically
from foundation.listener import SILENT
from paretosr.cli.listener import TerminalListener
from profilers.agent.cores import usable_cores
from search.listening import as_search_listener
from search.replay.replaying import replay
from search.replay.table_space import TableSpace

RESULTS = Path(__file__).resolve().parent / "results"
SEEDS = 50
SEEDS_OF_GP = 10
"""Whose proposals take seconds."""

# Chosen by --tune.
OUR_RUNGS = (1000, 2500)
OUR_SAMPLER = "tpe"
MOASHA_SETTINGS = MoashaSettings(first_rung=100, reduction_factor=2)

Method = Callable[[Benchmark, int], list[tuple[int, float]]]
"""From a benchmark and a seed to steps and hypervolumes."""


def searched(
    sampler: str, rungs: Sequence[int] | None, benchmark: Benchmark, seed: int
) -> list[tuple[int, float]]:
    """By the search itself; as a list of rungs, () stands for the full training alone."""
    if rungs == ():
        rungs = (benchmark.full_steps,)
    config = benchmark.config(sampler, rungs, seed)
    found = replay(config, benchmark.table, as_search_listener(SILENT))
    return benchmark.volumes(found.evaluations)


def by_moasha(settings: MoashaSettings, benchmark: Benchmark, seed: int) -> list[tuple[int, float]]:
    """By MOASHA, whose draws are rows, and seen ones the nearest that are not."""
    table = benchmark.table
    space = TableSpace(2, benchmark.config("random", None, seed).space.families, table)

    def unseen(arch_id: str) -> str | None:
        if len(space.seen) == len(table.rows):
            return None
        found = space.nearest(table.rows[arch_id].config).arch_id
        space.seen.add(found)
        return found

    with scheduler() as asked:
        told = moasha(
            asked,
            settings,
            table.steps,
            list(table.rows),
            unseen,
            benchmark.point,
            seed,
            benchmark.budget_steps,
        )
    return benchmark.volumes(told)


METHODS: Mapping[str, Method] = {
    **{name: partial(searched, name, None) for name in FULL_TRAININGS},
    MOASHA: partial(by_moasha, MOASHA_SETTINGS),
    CONTROL: partial(searched, OUR_SAMPLER, ()),
    OURS: partial(searched, OUR_SAMPLER, OUR_RUNGS),
}

TUNED: Mapping[str, Method] = {
    "random": METHODS["random"],
    **{
        f"ours, {sampler}, rungs {', '.join(map(str, rungs))}": partial(searched, sampler, rungs)
        for sampler in ("tpe", "nsga2", "random")
        for rungs in ((500, 2500), (1000, 2500), (500, 1000, 2500), (250, 500, 1000, 1750, 2500))
    },
    **{
        f"moasha, first rung {first_rung}, factor {factor}": partial(
            by_moasha, MoashaSettings(first_rung, factor)
        )
        for first_rung in (100, 250, 500, 1000)
        for factor in (2, 3)
    },
}


@lru_cache
def _benchmark(folder: Path, tuning: bool) -> Benchmark:
    """Read once in each process."""
    return Benchmark.load(folder, tuning=tuning)


def _run(folder: Path, tuning: bool, method: str, seed: int) -> list[tuple[int, float]]:
    methods = TUNED if tuning else METHODS
    return methods[method](_benchmark(folder, tuning), seed)


def compared(
    folder: Path, tuning: bool, seeds: int, workers: int, listener: TerminalListener
) -> pd.DataFrame:
    """Method, seed, steps and hypervolume, of every evaluation of every run."""
    runs = [
        (method, seed)
        for method in (TUNED if tuning else METHODS)
        for seed in range(min(seeds, SEEDS_OF_GP) if method == "gp" else seeds)
    ]
    rows: list[tuple[str, int, int, float]] = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = pool.map(_run, *zip(*((folder, tuning, *run) for run in runs), strict=True))
        for done, ((method, seed), volumes) in enumerate(zip(runs, found, strict=True), start=1):
            rows += [(method, seed, steps, round(volume, 6)) for steps, volume in volumes]
            listener.progress(done, len(runs), f"{method}, seed {seed}")
    return pd.DataFrame(rows, columns=["method", "seed", "steps", "hypervolume"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tune", action="store_true", help="on the rows for that")
    parser.add_argument("--table", type=Path, default=FOLDER, metavar="DIR")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR")
    parser.add_argument("--workers", type=int, default=usable_cores())
    options = parser.parse_args()
    seeds = int(os.environ.get("SEEDS", SEEDS))
    benchmark = Benchmark.load(options.table, tuning=options.tune)
    with TerminalListener() as listener:
        rows = compared(options.table, options.tune, seeds, options.workers, listener)
    curves = Curves.of(rows, benchmark.budget_steps)
    if options.tune:
        text = f"# Settings of the methods of search\n\n{_about(benchmark)}\n\n{table(curves)}\n"
        write_text_atomically(options.out / "search_methods_tuning.md", text)
        return
    found = "\n".join(map(str, verdicts(curves)))
    text = f"# Methods of search\n\n{_about(benchmark)}\n\n{table(curves)}\n\n{found}\n"
    write_text_atomically(options.out / "search_methods.csv", rows.to_csv(index=False))
    write_text_atomically(options.out / "search_methods.md", text)
    draw(options.out / "search_methods.png", curves, benchmark.unit)


def _about(benchmark: Benchmark) -> str:
    """What was compared, for people."""
    cost = f"latency on {TARGETS[0]}" if benchmark.unit == "ms" else "MACs, for want of a latency"
    return (
        f"{len(benchmark.table.rows)} networks of the tabular benchmark, a budget of "
        f"{benchmark.trainings} full trainings of {benchmark.full_steps:,} steps. Hypervolume of "
        "the networks that were trained to the end, of PSNR on Set14 above bicubic's "
        f"{benchmark.bicubic_db:.2f} dB and of {cost}, below the table's largest, "
        f"{benchmark.largest_cost:.4g} {benchmark.unit}: median and quartiles over the seeds after "
        "shares of the budget, and the steps after which the median has 95 % of what the best "
        "sampler of full trainings ends with."
    )


if __name__ == "__main__":
    main()
