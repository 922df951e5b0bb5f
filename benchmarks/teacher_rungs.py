"""Does a teacher let a rung rank networks better? On networks of the tabular benchmark.

    python benchmarks/teacher_rungs.py --data BSDS400 --set14 Set14 \
        [--work runs/tabular] [--workers 2] [--networks 24]

The first networks of the table, which has them with three seeds, are trained once more with each
seed to a rung of 1,000 steps, with the table's best network as their teacher. Beside them stand the
same rungs without a teacher; both are to rank the networks as they are after 2,500 steps without
one, in the mean over the seeds.

appends to tabular/taught.csv one row for each training and goes on where it stopped; writes
results/teacher_rungs.md.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from common import stop_by_sigterm
from rung_ranks import Array, features, predicted, tau, tau_among_equals
from rungs import Training, judged
from tabular_architectures import architectures
from tabular_table import FOLDER, RUNGS, SEEDS, TRAININGS, Job, Rung, Trainings
from tabular_workers import kept_pairs, rung_of

from foundation.atomic import write_text_atomically
from paretosr.cli.listener import TerminalListener
from profilers.agent.cores import usable_cores
from training.recipes.choice import RecipeChoice
from training.state import MODEL_FILE

TAUGHT = FOLDER / "taught.csv"
RESULT = Path(__file__).resolve().parent / "results" / "teacher_rungs.md"
STEPS = 1000


@dataclass(frozen=True)
class School:
    """Where a taught training finds what it needs."""

    data: str
    set14: str
    work: Path
    teacher: Path

    @property
    def choice(self) -> RecipeChoice:
        return RecipeChoice("steady", {"teacher": str(self.teacher)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("--data", "--set14"):
        parser.add_argument(name, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, default=Path("runs/tabular"), help="checkpoints")
    parser.add_argument("--workers", type=int, default=usable_cores())
    parser.add_argument("--networks", type=int, default=24)
    options = parser.parse_args()
    stop_by_sigterm()
    os.nice(19)
    known = pd.read_csv(TRAININGS).set_index(["arch_id", "seed", "steps"])["psnr_y_db"]
    best = known.xs(0, level="seed").xs(RUNGS[-1], level="steps").idxmax()
    school = School(
        options.data, options.set14, options.work, options.work / f"{best}-s0" / MODEL_FILE
    )
    names = [it for it in architectures() if (it, SEEDS - 1, RUNGS[-1]) in known.index]
    train(names[: options.networks], school, options.workers)
    write_text_atomically(RESULT, page(known, str(best)))


def train(names: list[str], school: School, workers: int) -> None:
    """Train what is missing, seed by seed, so that every part of it is balanced."""
    trainings = Trainings(TAUGHT)
    jobs = [
        Job(name, seed, (STEPS,))
        for seed in range(SEEDS)
        for name in names
        if STEPS in trainings.missing(name, seed)
    ]
    with (
        TerminalListener() as listener,
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
    ):
        listener.status("training with a teacher")
        futures = [pool.submit(taught_rung, job, school) for job in jobs]
        for done, future in enumerate(as_completed(futures), start=1):
            rung = future.result()
            trainings.add(rung)
            listener.progress(done, len(jobs), f"{rung.arch_id} {rung.psnr_y_db:.2f} dB")


def taught_rung(job: Job, school: School) -> Rung:
    """A network after a training with the teacher."""
    torch.set_num_threads(1)
    folder = school.work / "taught" / job.name
    config = architectures()[job.arch_id]
    reached = _training(school).reach(config, job.seed, STEPS, folder)
    quality = judged(reached.network, kept_pairs(school.set14, config.scale))
    return rung_of(job, reached, quality)


@lru_cache
def _training(school: School) -> Training:
    return Training(school.data, 2, school.choice, school.work / "taught_images")


def page(known: "pd.Series[float]", teacher: str) -> str:
    taught = pd.read_csv(TAUGHT).pivot(index="arch_id", columns="seed", values="psnr_y_db").dropna()
    alone = known.xs(STEPS, level="steps").unstack("seed").loc[taught.index]
    truth = known.xs(RUNGS[-1], level="steps").unstack("seed").loc[taught.index].mean(axis=1)
    networks = pd.read_csv(FOLDER / "architectures.csv").set_index("arch_id").loc[taught.index]
    rows = [
        f"| {name} | {seed} | " + " | ".join(f"{it:.2f}" for it in ranks(networks, rungs, truth))
        for seed in taught.columns
        for name, rungs in (("alone", alone[seed]), ("with a teacher", taught[seed]))
    ]
    gains = (taught - alone).to_numpy(float)
    return "\n".join(
        [
            "# Rungs with a teacher",
            "",
            f"{len(taught)} networks of the tabular benchmark after {STEPS:,} steps, alone and "
            f"with the table's best network, {teacher}, as their teacher. Kendall's tau with the "
            f"PSNR after {RUNGS[-1]:,} steps alone, the mean over {SEEDS} seeds; over all pairs "
            'and over those of nearly equal MACs. "With structure" is a ridge regression on MACs, '
            "depth, family and the rung, each network predicted by all others.",
            "",
            "| rung | seed | tau | among equals | with structure | among equals |",
            "|---|---|---|---|---|---|",
            *(f"{row} |" for row in rows),
            "",
            f"At the rung a teacher gains {gains.mean():+.3f} dB in the mean, by seed "
            f"{', '.join(f'{it:+.3f}' for it in gains.mean(axis=0))}; by network from "
            f"{gains.mean(axis=1).min():+.3f} to {gains.mean(axis=1).max():+.3f}.",
            "",
        ]
    )


def ranks(networks: pd.DataFrame, rung: "pd.Series[float]", truth: "pd.Series[float]") -> Array:
    """Kendall's tau of a rung with the truth, alone and with the structure: (4,)."""
    curve: Array = np.asarray(rung, np.float64)
    wanted: Array = np.asarray(truth, np.float64)
    macs = networks["macs"].to_numpy(float)
    together = predicted(np.hstack([features(networks), curve[:, None]]), wanted)
    found = []
    for given in (curve, together):
        found += [tau(given, wanted), tau_among_equals(given, wanted, macs)]
    return np.array(found)


if __name__ == "__main__":
    main()
