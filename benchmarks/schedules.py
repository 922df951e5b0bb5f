"""Which schedule of the learning rate ranks networks best by short trainings that can go on.

The twelve small x2 networks of schedules.json, of four families, are trained by quick's batches and
patches under each schedule, and judged at rungs on the way: a constant rate with an average of the
last ninth of the weights, at two rates, and at one of them with a cooldown of two fifths at each
rung, which the next rung leaves out; a constant rate without the average, with a cooldown of a
tenth; and, as a reference that cannot be continued, quick's own schedule stretched to each rung.
The order at a rung is compared with that of the longest trainings by the other schedules.

    python benchmarks/schedules.py --data BSDS400 --judge Set14 [--work runs/schedules]

writes results/schedules.csv, one row for each rung, and results/schedules.md beside this script; a
second call goes on with the schedule of the network at which the first one stopped.
"""

import argparse
import shutil
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from common import device_text
from numpy.typing import NDArray
from rungs import Training, judged, judging_pairs

from blocks import NetworkConfig, parse_network_config
from foundation.atomic import write_text_atomically
from foundation.documents import read_json
from imaging.evaluation import ValidationPair
from paretosr.cli.listener import TerminalListener
from profilers.counting.analytic_cost import macs_bound
from training.recipes.choice import RecipeChoice

RESULTS = Path(__file__).resolve().parent / "results"
# Drawn from the tabular benchmark's space, but not among its networks, by which searches are
# judged; only of SMSR, which has few, it holds the same.
NETWORKS = Path(__file__).with_suffix(".json")
RUNGS = (250, 500, 1000, 2000)
SCALE = 2
BOOTSTRAPS = 2000
# Fewer have no order that could be told from chance.
FEWEST = 8

_AVERAGED = {"decay": "constant", "warmup_fraction": 0.05, "ema_decay": 0.999}
_COOLED = {"decay": "constant", "warmup_fraction": 0.05, "cooldown_fraction": 0.1}
SCHEDULES = {
    "constant 0.004, averaged": RecipeChoice("quick", _AVERAGED),
    "constant 0.002, averaged": RecipeChoice("quick", {**_AVERAGED, "learning_rate": 0.002}),
    "constant 0.004, averaged, cooldown": RecipeChoice(
        "quick", {**_AVERAGED, "cooldown_fraction": 0.4}
    ),
    "constant 0.004, cooldown": RecipeChoice("quick", _COOLED),
    "stretched": RecipeChoice("quick"),
}


@dataclass(frozen=True)
class Row:
    """One network at one rung of one schedule."""

    arch_id: str
    family: str
    macs: int
    schedule: str
    steps: int
    psnr_y_db: float
    ssim_y: float
    steps_made: int
    """Since the rung before."""
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, metavar="DIR", help="training images")
    parser.add_argument("--judge", required=True, metavar="DIR", help="images of the PSNR")
    parser.add_argument("--work", type=Path, default=Path("runs/schedules"), help="checkpoints")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = RESULTS / "schedules.csv"
    rows = pd.read_csv(table) if table.exists() else pd.DataFrame()
    known = set(rows.groupby(["arch_id", "schedule"]).groups) if len(rows) else set()
    configs = [parse_network_config(written) for written in read_json(NETWORKS)]
    pairs = judging_pairs(options.judge, SCALE)
    with TerminalListener() as listener:
        listener.status("training")
        for number, (config, schedule) in enumerate((c, s) for c in configs for s in SCHEDULES):
            listener.progress(number, len(configs) * len(SCHEDULES), f"{config.arch_id} {schedule}")
            if (config.arch_id, schedule) in known:
                continue
            training = Training(options.data, SCALE, SCHEDULES[schedule])
            folder = options.work / config.arch_id / schedule.replace(" ", "-").replace(",", "")
            climbed = pd.DataFrame(climb(config, schedule, training, pairs, folder))
            rows = pd.concat([rows, climbed])
            write_text_atomically(table, rows.to_csv(index=False))
            shutil.rmtree(folder)
    write_text_atomically(RESULTS / "schedules.md", page(rows))


def climb(
    config: NetworkConfig,
    schedule: str,
    training: Training,
    pairs: tuple[ValidationPair, ...],
    folder: Path,
) -> list[Row]:
    """The rows of all rungs; a stretched schedule begins anew at each.

    What an earlier call left half way begins anew too: its first rungs were not kept.
    """
    shutil.rmtree(folder, ignore_errors=True)
    rows = []
    for steps in RUNGS:
        own = folder / str(steps) if schedule == "stretched" else folder
        reached = training.reach(config, 0, steps, own)
        quality = judged(reached.network, pairs)
        rows.append(
            Row(
                config.arch_id,
                config.family,
                macs_bound(config).total,
                schedule,
                steps,
                quality.psnr_y_db,
                quality.ssim_y,
                reached.steps_made,
                reached.seconds,
            )
        )
    return rows


def page(rows: pd.DataFrame) -> str:
    psnr = rows.pivot_table("psnr_y_db", "arch_id", ["schedule", "steps"]).dropna()
    macs = rows.drop_duplicates("arch_id").set_index("arch_id")["macs"][psnr.index]
    low, high = psnr.to_numpy().min(), psnr.to_numpy().max()
    return "\n".join(
        [
            "# Schedules that can go on, and how they rank",
            "",
            f"`{Path(__file__).name}`: {len(psnr)} of 12 networks so far, x2, one seed, PSNR on Y "
            f"of Set14 between {low:.2f} and {high:.2f} dB.",
            "",
            "tau: Kendall's rank correlation with the mean PSNR of the other schedules at "
            f"{max(RUNGS):,} steps; 95 % interval by {BOOTSTRAPS:,} bootstraps over the networks. "
            "Behind it that of log MACs alone, with the same truth. Steps: of one network to this "
            f"rung and all before it, with cooldowns. Fewer than {FEWEST} networks have no tau.",
            "",
            "| schedule | rung | steps | mean PSNR (dB) | tau | 95 % interval | tau of log MACs |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *(line(psnr, macs, schedule, steps) for schedule in SCHEDULES for steps in RUNGS),
            "",
            device_text(),
            "",
        ]
    )


def line(psnr: pd.DataFrame, macs: pd.Series, schedule: str, steps: int) -> str:
    others = [other for other in SCHEDULES if other != schedule]
    truth = psnr[[(other, max(RUNGS)) for other in others]].mean(axis=1).to_numpy()
    scores = psnr[schedule, steps].to_numpy()
    spent = sum(steps_made(schedule, rung) for rung in RUNGS if rung <= steps)
    ranked = "- | - | -"
    if len(scores) >= FEWEST:
        low, high = interval(scores, truth)
        structure = tau(macs.to_numpy(), truth)
        ranked = f"{tau(scores, truth):.2f} | {low:.2f} to {high:.2f} | {structure:.2f}"
    return f"| {schedule} | {steps:,} | {spent:,} | {scores.mean():.3f} | {ranked} |"


def steps_made(schedule: str, steps: int) -> int:
    """From the rung before to this one."""
    recipe = SCHEDULES[schedule].recipe
    before = max((rung for rung in RUNGS if rung < steps), default=0)
    return steps - (recipe.kept_steps(before) if before and recipe.continues else 0)


def tau(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Kendall's: of all pairs, the share ordered alike minus the share ordered otherwise.

    What is equal on both sides, as a network that a bootstrap drew twice is to itself, is no pair.
    """
    pairs = np.array(list(combinations(range(len(left)), 2))).T
    signs = [np.sign(values[pairs[0]] - values[pairs[1]]) for values in (left, right)]
    is_pair = (signs[0] != 0) | (signs[1] != 0)
    return float((signs[0] * signs[1])[is_pair].mean()) if is_pair.any() else 0.0


def interval(left: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    generator = np.random.default_rng(0)
    taus = []
    for _ in range(BOOTSTRAPS):
        chosen = generator.integers(0, len(left), len(left))
        taus.append(tau(left[chosen], right[chosen]))
    low, high = np.percentile(taus, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    main()
