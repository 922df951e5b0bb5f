"""Compare one search on two workers with two searches of one worker side by side, in turn.

Both are the quickstart, on two cores, for the same time; the two single searches have different
seeds, and what is timed in one of them may be disturbed by the other, which is what workers that
stand still avoid. Counted are the trainings that were finished, from the journals. Run it on a
machine that does nothing else.

    python benchmarks/workers.py [--minutes 9] [--repeats 2] [--cores 0,1]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from search.storage.study import read_run

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "workers.md"
QUICKSTART = HERE.parent / "examples" / "quickstart.yaml"
WORKERS = 2
LEAST_SHARE = 0.85


def config(minutes: float, *, workers: int, seed: int) -> Mapping[str, Any]:
    """The quickstart with full trainings, which count alike, ended by its time alone."""
    quickstart: dict[str, Any] = yaml.safe_load(QUICKSTART.read_text(encoding="utf-8"))
    steps = quickstart["budget"]["steps"]
    budget = {"minutes": minutes, "steps": steps}
    return {**quickstart, "ladder": "none", "budget": budget, "workers": workers, "seed": seed}


def searched(configs: Sequence[Mapping[str, Any]], folder: Path) -> tuple[int, float]:
    """Run searches side by side; return how many trainings they finished, and the seconds."""
    folder.mkdir()
    processes, runs = [], []
    started = time.perf_counter()
    for number, one in enumerate(configs):
        path, run = folder / f"{number}.yaml", folder / f"run-{number}"
        path.write_text(yaml.safe_dump(dict(one)))
        command = [sys.executable, "-m", "paretosr", "search", str(path), "--out", str(run)]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        runs.append(run)
    if any(process.wait() for process in processes):
        raise SystemExit("a search failed")
    seconds = time.perf_counter() - started
    return sum(trained(run) for run in runs), seconds


def trained(run: Path) -> int:
    """How many trainings a run has finished."""
    return sum(record.train_seconds is not None for record in read_run(run).records)


def still_seconds(run: Path) -> float:
    """How long candidates were measured, while the workers of a run stood still."""
    return sum(record.measure_seconds for record in read_run(run).records)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--cores", default="0,1", help="two, which the searches may use")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {int(core) for core in arguments.cores.split(",")})
    rows, shares = [], []
    with tempfile.TemporaryDirectory() as name:
        for repeat in range(arguments.repeats):
            seeds = range(repeat * WORKERS, (repeat + 1) * WORKERS)
            single = [config(arguments.minutes, workers=1, seed=seed) for seed in seeds]
            both = [config(arguments.minutes, workers=WORKERS, seed=seeds[0])]
            apart, apart_seconds = searched(single, Path(name) / f"apart-{repeat}")
            together, seconds = searched(both, Path(name) / f"together-{repeat}")
            # The last trainings run over the minutes, and those of two workers longer.
            shares.append(together / seconds / (apart / apart_seconds))
            still = still_seconds(Path(name) / f"together-{repeat}" / "run-0")
            rows.append(
                f"| {repeat + 1} | {apart} in {apart_seconds:.0f} s | {together} in {seconds:.0f} s"
                f" | {still:.0f} s | {shares[-1]:.2f} |"
            )
            sys.stdout.write(rows[-1] + "\n")
    verdict = (
        f"At least {LEAST_SHARE} of the trainings in the same time, in each of "
        f"{arguments.repeats}: {'yes' if min(shares) >= LEAST_SHARE else 'NO'}"
    )
    sys.stdout.write(verdict + "\n")
    RESULT.parent.mkdir(exist_ok=True)
    lines = [
        f"`{Path(__file__).name} --minutes {arguments.minutes:g} --repeats {arguments.repeats}`",
        "",
        "| repeat | two searches of one worker: trainings | one search of two workers: trainings "
        "| of that, standing still | share, per second |",
        "|---|---|---|---|---|",
        *rows,
        "",
        verdict,
    ]
    RESULT.write_text("\n".join(lines) + "\n")
    sys.exit(min(shares) < LEAST_SHARE)


if __name__ == "__main__":
    main()
