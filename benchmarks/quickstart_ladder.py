"""The quickstart with the ladder beside the same with full trainings, at equal steps of training.

    python benchmarks/quickstart_ladder.py [--seeds 3] [--trials 28] [--work runs/quickstart-ladder]

Both have TPE, the same seeds and a budget of so many full trainings; what is spent is counted in
steps, so that other work on the machine disturbs the latencies alone, which are made comparable by
the reference network. Hypervolumes are those above bicubic, from one reference point for all runs.
A command that was stopped goes on where it stopped. Writes results/quickstart_ladder.md.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from common import device_text

from foundation.atomic import write_text_atomically
from paretosr import RunComparison, compare_runs
from search.storage.study import read_run

HERE = Path(__file__).resolve().parent
PAGE = HERE / "results" / "quickstart_ladder.md"
QUICKSTART = HERE.parent / "examples" / "quickstart.yaml"
# Trainings by the first cannot be continued, so that all go to their end.
METHODS: Mapping[str, Mapping[str, Any]] = {"full trainings": {"recipe": "quick"}, "ladder": {}}


def searched(method: str, seed: int, trials: int, work: Path) -> Path:
    """The directory of a finished search, which is started or continued where it is not there."""
    run = work / f"{method.replace(' ', '-')}-{seed}"
    path = run.with_suffix(".yaml")
    quickstart: dict[str, Any] = yaml.safe_load(QUICKSTART.read_text(encoding="utf-8"))
    budget = {"trials": trials, "steps": quickstart["budget"]["steps"]}
    training = {**quickstart["training"], **METHODS[method]}
    config = {**quickstart, "training": training, "budget": budget, "seed": seed}
    write_text_atomically(path, yaml.safe_dump(config))
    command = [sys.executable, "-m", "paretosr", "search"]
    command += ["--resume", str(run)] if run.exists() else [str(path), "--out", str(run)]
    if subprocess.run(command).returncode:
        raise SystemExit(f"{run.name} failed; the same command goes on")
    return run


def spent_steps(run: Path) -> int:
    """The steps that a search trained, those of candidates included that it left behind.

    A duplicate has the steps of its first, but was not trained again.
    """
    records = read_run(run).records
    return sum(it.train_steps or 0 for it in records if it.state != "duplicate")


def page(compared: RunComparison, runs: Mapping[tuple[str, int], Path], command: str) -> str:
    volumes = {run.run: run.hypervolume for group in compared.groups for run in group.runs}
    rows, wins = [], 0
    seeds = sorted({seed for _, seed in runs})
    for seed in seeds:
        full, ladder = (runs[method, seed] for method in METHODS)
        gain = volumes[str(ladder)] / volumes[str(full)] - 1
        wins += gain > 0
        rows.append(
            f"| {seed} | {volumes[str(full)]:.4g} | {spent_steps(full)} "
            f"| {volumes[str(ladder)]:.4g} | {spent_steps(ladder)} | {gain:+.1%} |"
        )
    reference = ", ".join(f"{name} {value:.4g}" for name, value in compared.reference.items())
    return "\n".join(
        [
            "# The quickstart with and without its ladder",
            "",
            f"`{command}`",
            "",
            f"Reference point: {reference}. {compared.note}".rstrip(),
            "",
            f"{device_text()}.",
            "",
            "| seed | full trainings: hypervolume | steps | ladder: hypervolume | steps | gain |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"The ladder's is larger with {wins} of {len(seeds)} seeds.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=28, help="full trainings' worth of steps")
    parser.add_argument("--work", type=Path, default=Path("runs/quickstart-ladder"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    # In turn, so that a slow hour of the machine meets both.
    runs = {
        (method, seed): searched(method, seed, options.trials, options.work)
        for seed in range(options.seeds)
        for method in METHODS
    }
    command = f"{Path(__file__).name} --seeds {options.seeds} --trials {options.trials}"
    text = page(compare_runs(list(runs.values())), runs, command)
    write_text_atomically(PAGE, text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
