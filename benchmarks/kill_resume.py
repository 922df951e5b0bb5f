"""Kill searches at random moments, continue them each time, and compare them with whole ones.

All train real networks on the embedded photographs with PSNR and MACs as objectives, which are
deterministic, and a budget in trials. `kill -9` hits

- the process of a search with one worker, up to a quarter of its time after each start: it must end
  with the trials of one that was not killed;
- that of a search with two workers, likewise. In which order their trainings end is not known, so
  the proposals are random ones, which do not depend on it: it must end with the trials of a search
  that one worker did;
- one of the workers of such a search, which must go on by itself; a training whose worker is killed
  for the second time fails, and another takes its place;
- the process of a search with a ladder and two workers. What it decides depends on how long steps
  take, so it is not compared with a whole one: no rung may be lost, changed or trained twice, the
  budget must hold, and only the networks that were finished may have checkpoints.

    python benchmarks/kill_resume.py [--kills 10] [--seed 0]
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from search.storage.journal import check_journal
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "kill_resume.md"
CONFIG: Mapping[str, Any] = {
    "scale": 2,
    "families": {
        "splitsr": {"channels": [8, 12, 16], "groups": [1, 2], "blocks": [1, 2]},
        "seemore": {"channels": [8, 12], "groups": 1, "recursion": [1, 2]},
    },
    "objectives": ["psnr_y_db", "macs"],
    "training": {"precision": "float32", "threads": 1},
    "budget": {"trials": 40, "steps": 120},
    "workers": 1,
}
AT_RANDOM: Mapping[str, Any] = {**CONFIG, "sampler": "random"}
ON_TWO_WORKERS: Mapping[str, Any] = {**AT_RANDOM, "workers": 2}
WITH_LADDER: Mapping[str, Any] = {
    **ON_TWO_WORKERS,
    "training": {
        **CONFIG["training"],
        "recipe": {"name": "steady", "cooldown_fraction": 0.4},
    },
    "ladder": {"rungs": [30, 60, 120]},
}
ENOUGH = 2
"""Trials that end between two kills of workers: a training is tried only twice."""
POLL_SECONDS = 0.05


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a search, whose last words are in a log beside its folder."""
    with folder.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "paretosr", "search", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=log,
        )


def outcome(folder: Path) -> list[tuple[object, ...]]:
    """Everything of the trials but the clock, by their numbers."""
    return [
        (r.trial, r.arch_id, r.state, r.reason, r.params, r.macs, r.psnr_y_db, r.ssim_y)
        for r in read_run(folder).records
    ]


@dataclass
class KilledSearch:
    """A search that is killed while it runs, and what it had finished at each kill."""

    folder: Path
    config: Path
    moments: random.Random
    latest_seconds: float
    """After a start, or after the trials that must end before the next kill."""

    def __post_init__(self) -> None:
        self.rows: list[str] = []
        self._finished: set[tuple[object, ...]] = set()

    def kill_searches(self, kills: int) -> None:
        """Kill the process of the search so often, and let it end."""
        while len(self.rows) < kills:
            with self._started() as process:
                delay = self._wait(process)
                process.send_signal(signal.SIGKILL)
                process.wait()
            self._note(delay)
        with self._started() as process:
            self._check_end(process)

    def kill_workers(self, kills: int) -> None:
        """Kill one of the workers so often while the search goes on, and let it end."""
        self.kill_parts(kills, self._kill_a_worker)

    def _kill_a_worker(self, search: int) -> None:
        while not (workers := workers_of(search)):
            time.sleep(POLL_SECONDS)
        os.kill(self.moments.choice(workers), signal.SIGKILL)

    def kill_parts(self, kills: int, kill: Callable[[int], None]) -> None:
        """Kill something else so often while the search goes on, and let it end.

        `kill` is given the process of the search.
        """
        with self._started() as process:
            while len(self.rows) < kills:
                delay = self._wait(process)
                kill(process.pid)
                self._note(delay)
                enough = len(self._finished) + ENOUGH
                while len(self._finished) < enough and process.poll() is None:
                    time.sleep(POLL_SECONDS)
                    self._check_finished()
            self._check_end(process)

    def verdict(self, whole: Path) -> tuple[bool, str]:
        """Whether all is well, and in words."""
        check_journal(RunDirectory(self.folder).journal)
        found, expected = outcome(self.folder), outcome(whole)
        trained = Counter(row[1] for row in found if row[2] == "trained")
        in_order = [row[0] for row in found] == list(range(len(found)))
        once = max(trained.values()) == 1
        # A training that was killed twice has failed, as it should; others took its place.
        failed = {row[1] for row in found if row[2] == "failed"}
        kept = [row for row in found[: len(expected)] if row[1] not in failed]
        same = len(found) >= len(expected) and set(kept) <= set(expected)
        words = (
            f"{len(found)} trials against {len(expected)} of the whole search, {len(failed)} "
            f"failed; the others the same: {_yes(same)}; numbers without gap or repetition: "
            f"{_yes(in_order)}; every architecture trained once: {_yes(once)}; the journal is valid"
        )
        return same and in_order and once, words

    def _known(self) -> list[tuple[object, ...]]:
        """What must stay as it is once it is there."""
        return outcome(self.folder)

    def _started(self) -> subprocess.Popen[bytes]:
        if RunDirectory(self.folder).settings.exists():
            return start(self.folder, "--resume", str(self.folder))
        return start(self.folder, str(self.config), "--out", str(self.folder))

    def _wait(self, process: subprocess.Popen[bytes]) -> float:
        """Let the search run up to a random moment."""
        delay = self.moments.uniform(0.0, self.latest_seconds)
        time.sleep(delay)
        if process.poll() is not None:
            raise SystemExit(f"the search ended after {len(self.rows)} kills:\n{self._last_words}")
        return delay

    def _note(self, delay: float) -> None:
        self._check_finished()
        self.rows.append(f"| {len(self.rows) + 1} | {delay:.2f} | {len(self._finished)} |")
        sys.stdout.write(self.rows[-1] + "\n")

    def _check_finished(self) -> None:
        if RunDirectory(self.folder).settings.exists():
            now = set(self._known())
            if not self._finished <= now:
                raise SystemExit("a finished trial was lost or changed")
            self._finished = now

    def _check_end(self, process: subprocess.Popen[bytes]) -> None:
        if process.wait() != 0:
            raise SystemExit(f"the search failed at its end:\n{self._last_words}")

    @property
    def _last_words(self) -> str:
        return self.folder.with_suffix(".log").read_text()[-1000:]


class KilledLadder(KilledSearch):
    """One whose trainings climb a ladder."""

    def verdict(self, whole: Path) -> tuple[bool, str]:
        run = RunDirectory(self.folder)
        check_journal(run.journal)
        found, rungs = read_run(self.folder).records, self._rungs()
        once = len({record.arch_id for record in found}) == len(found)
        in_order = [record.trial for record in found] == list(range(len(found)))
        reached = sum(max(steps) for steps in rungs.values())
        expected = list(WITH_LADDER["ladder"]["rungs"])
        whole_rungs = all(steps == expected[: len(steps)] for steps in rungs.values())
        budget = WITH_LADDER["budget"]["trials"] * WITH_LADDER["budget"]["steps"]
        finished = {record.arch_id for record in found if record.state == "trained"}
        kept = {path.name for path in run.path.glob("checkpoints/*")} == finished
        states = Counter(record.state for record in found)
        words = (
            f"{len(found)} trials ({', '.join(f'{n} {state}' for state, n in states.items())}), "
            f"{reached:,} of {budget:,} steps; every architecture started once: {_yes(once)}; "
            f"numbers without gap or repetition: {_yes(in_order)}; every rung once and in order: "
            f"{_yes(whole_rungs)}; checkpoints of the finished alone: {_yes(kept)}; the journal is "
            "valid"
        )
        return once and in_order and whole_rungs and kept and reached <= budget, words

    def _known(self) -> list[tuple[object, ...]]:
        ladder = read_run(self.folder).ladder
        curves = () if ladder is None else ladder.curves
        return [*outcome(self.folder), *((row.trial, row.steps, row.psnr_y_db) for row in curves)]

    def _rungs(self) -> dict[int, list[int]]:
        ladder = read_run(self.folder).ladder
        found: dict[int, list[int]] = {}
        for row in () if ladder is None else ladder.curves:
            found.setdefault(row.trial, []).append(row.steps)
        return found


def workers_of(search: int) -> list[int]:
    """The worker processes that a search has started."""
    listed = subprocess.run(
        ["ps", "--ppid", str(search), "-o", "pid=,args="], capture_output=True, text=True
    ).stdout
    lines = [line for line in listed.splitlines() if "search.workers.worker" in line]
    return [int(line.split()[0]) for line in lines]


def searched(config: Mapping[str, Any], folder: Path, name: str) -> tuple[Path, float]:
    """The run of a search that nobody kills, and its seconds."""
    path = written(config, folder, name)
    started = time.perf_counter()
    with start(folder / name, str(path), "--out", str(folder / name)) as process:
        process.wait()
    return folder / name, time.perf_counter() - started


def written(config: Mapping[str, Any], folder: Path, name: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(dict(config)))
    return path


def section(title: str, killed: KilledSearch, words: str) -> list[str]:
    header = ["| kill | after (s) | trials finished by then |", "|---|---|---|"]
    return [f"## {title}", "", *header, *killed.rows, "", words, ""]


def _yes(holds: bool) -> str:
    return "yes" if holds else "NO"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    lines = [f"`{Path(__file__).name}`", ""]
    all_well = True
    with tempfile.TemporaryDirectory() as name:
        folder, moments = Path(name), random.Random(arguments.seed)
        whole, seconds = searched(CONFIG, folder, "whole")
        at_random, _ = searched(AT_RANDOM, folder, "at-random")
        parts = (
            ("A search with one worker, killed", CONFIG, whole, KilledSearch.kill_searches),
            (
                "A search with two workers, killed",
                ON_TWO_WORKERS,
                at_random,
                KilledSearch.kill_searches,
            ),
            (
                "Workers of a search with two, killed",
                ON_TWO_WORKERS,
                at_random,
                KilledSearch.kill_workers,
            ),
            (
                "A search with a ladder and two workers, killed",
                WITH_LADDER,
                whole,
                KilledSearch.kill_searches,
            ),
        )
        for number, (title, config, expected, kill) in enumerate(parts):
            path = written(config, folder, f"killed-{number}")
            # Between two kills of workers some trials end, which takes its own time.
            latest_seconds = seconds / (4 if kill is KilledSearch.kill_searches else 20)
            kind = KilledLadder if config is WITH_LADDER else KilledSearch
            killed = kind(folder / f"killed-{number}", path, moments, latest_seconds)
            sys.stdout.write(title + "\n")
            kill(killed, arguments.kills)
            well, words = killed.verdict(expected)
            sys.stdout.write(words + "\n")
            all_well &= well
            lines += section(title, killed, words)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text("\n".join(lines))
    sys.exit(not all_well)


if __name__ == "__main__":
    main()
