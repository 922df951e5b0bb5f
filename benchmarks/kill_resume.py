"""Kill a search at random moments, continue it each time, and compare it with a whole one.

Both searches train real networks on the embedded photographs with PSNR and MACs as
objectives, which are deterministic, one worker and a budget in trials. The killed one gets
`kill -9` up to a quarter of the whole search's time after each start.

    python benchmarks/kill_resume.py [--kills 10] [--seed 0]
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from search.storage.journal import check_journal
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "kill_resume.md"
CONFIG = {
    "scale": 2,
    "families": {
        "splitsr": {"channels": [8, 12, 16], "groups": [1, 2], "blocks": [1, 2]},
        "seemore": {"channels": [8, 12], "groups": 1, "recursion": [1, 2]},
    },
    "objectives": ["psnr_y_db", "macs"],
    "training": {"precision": "float32", "threads": 1},
    "budget": {"trials": 40, "steps": 120},
}


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "paretosr", "search", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def outcome(folder: Path) -> list[tuple[object, ...]]:
    """Everything of the trials but the clock."""
    return [
        (r.trial, r.arch_id, r.state, r.reason, r.params, r.macs, r.psnr_y_db, r.ssim_y)
        for r in read_run(folder).records
    ]


def killed_search(
    config: Path, folder: Path, kills: int, latest_seconds: float, moments: random.Random
) -> list[str]:
    """Run a search that is killed `kills` times; return a table row for each kill."""
    rows: list[str] = []
    finished: list[tuple[object, ...]] = []
    arguments = [str(config), "--out", str(folder)]
    while len(rows) < kills:
        delay = moments.uniform(0.0, latest_seconds)
        with start(*arguments) as process:
            time.sleep(delay)
            if process.poll() is not None:
                raise SystemExit(f"the search ended after {len(rows)} kills: raise its budget")
            process.send_signal(signal.SIGKILL)
            process.wait()
        if RunDirectory(folder).settings.exists():
            arguments = ["--resume", str(folder)]
            now = outcome(folder)
            if now[: len(finished)] != finished:
                raise SystemExit("a finished trial was lost or changed")
            finished = now
        rows.append(f"| {len(rows) + 1} | {delay:.2f} | {len(finished)} |")
        sys.stdout.write(rows[-1] + "\n")
    with start(*arguments) as process:
        if process.wait() != 0:
            raise SystemExit("the last continuation failed")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "search.yaml"
        config.write_text(yaml.safe_dump(CONFIG))
        whole, killed = Path(name) / "whole", Path(name) / "killed"
        started = time.perf_counter()
        with start(str(config), "--out", str(whole)) as process:
            process.wait()
        latest_seconds = (time.perf_counter() - started) / 4
        moments = random.Random(arguments.seed)
        rows = killed_search(config, killed, arguments.kills, latest_seconds, moments)
        check_journal(RunDirectory(killed).journal)
        numbers = [row[0] for row in outcome(killed)]
        in_order = numbers == list(range(len(numbers)))
        same = outcome(killed) == outcome(whole)
        verdict = (
            f"{len(outcome(killed))} trials against {len(outcome(whole))} of the whole search; "
            f"the same: {'yes' if same else 'NO'}; "
            f"numbers without gap or repetition: {'yes' if in_order else 'NO'}"
        )
    sys.stdout.write(verdict + "\n")
    RESULT.parent.mkdir(exist_ok=True)
    lines = ["| kill | after (s) | trials finished by then |", "|---|---|---|", *rows, "", verdict]
    RESULT.write_text(f"`{Path(__file__).name}`\n\n" + "\n".join(lines) + "\n")
    sys.exit(not same)


if __name__ == "__main__":
    main()
