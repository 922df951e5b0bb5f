"""A search that is killed anywhere and continued gives the trials of one that was not."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.records import TrialRecord
from search.storage.study import read_run

PROGRAM = Path(__file__).with_name("killed_search.py")


def proposals(folder: Path) -> list[tuple[Any, ...]]:
    """What must be equal of two runs: everything but the clock."""
    return [
        (r.trial, r.arch_id, r.state, r.reason, r.macs, r.psnr_y_db)
        for r in read_run(folder).records
    ]


def run_closed_form(folder: Path, config: dict[str, Any], kill_at: int = 0) -> str:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), json.dumps(config), str(kill_at)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == (-signal.SIGKILL if kill_at else 0), done.stderr
    return done.stdout


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "random"])
def test_killed_between_suggestions_and_with_a_torn_line(
    tmp_path: Path, small_search: dict[str, Any], sampler: str
) -> None:
    config = {**small_search, "sampler": sampler, "seed": 3, "budget": {"trials": 20, "steps": 1}}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run_closed_form(whole, config)

    run_closed_form(broken, config, kill_at=1)
    run_closed_form(broken, config, kill_at=100)
    journal = broken / "study.journal"
    finished = proposals(broken)
    with journal.open("ab") as file:
        file.write(b'{"op_code":5,"worker_id":"torn')
    notice = run_closed_form(broken, config, kill_at=150)
    assert "cut an unfinished last line (30 bytes)" in notice
    # A kill in the middle of an append leaves part of a line that was meant.
    journal.write_bytes(journal.read_bytes()[:-7])
    run_closed_form(broken, config)

    assert proposals(broken) == proposals(whole)
    assert proposals(broken)[: len(finished)] == finished
    assert len(proposals(whole)) >= 20


def test_a_record_that_was_stored_but_not_told_is_told_not_repeated(
    tmp_path: Path, small_search: dict[str, Any]
) -> None:
    config = {**small_search, "budget": {"trials": 5, "steps": 1}}
    run_closed_form(tmp_path, config)
    complete = proposals(tmp_path)
    journal = tmp_path / "study.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["op_code"] == 6  # Optuna's "set state and values"
    journal.write_bytes(b"".join(lines[:-1]))
    before = read_run(tmp_path).records
    run_closed_form(tmp_path, config)
    assert len(before) == len(complete) - 1
    assert proposals(tmp_path) == complete


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "paretosr", "search", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def workers_of(driver: int) -> list[int]:
    """The worker processes that a search has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = stat.with_name("cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == driver and b"search.workers.worker" in command:
            found.append(int(stat.parent.name))
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended may wait for somebody to ask how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def trained(folder: Path) -> list[TrialRecord]:
    try:
        return list(read_run(folder).records)
    except ValueError:
        return []


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_real_search_ends_as_if_it_had_not_been_interrupted(
    tmp_path: Path, small_search: dict[str, Any], end: signal.Signals
) -> None:
    config = tmp_path / "search.yaml"
    settings = {"precision": "float32", "threads": 1}
    budget = {"trials": 4, "steps": 10}
    config.write_text(
        yaml.safe_dump({**small_search, "workers": 1, "training": settings, "budget": budget})
    )
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    with start(str(config), "--out", str(whole)) as process:
        assert process.wait() == 0, process.communicate()

    with start(str(config), "--out", str(broken)) as process:
        while not trained(broken):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(end)
        assert process.wait() == (130 if end == signal.SIGINT else -signal.SIGKILL)
        if end == signal.SIGINT:
            assert b"--resume" in process.communicate()[1]
    finished = trained(broken)
    assert 1 <= len(finished) < 5
    with start("--resume", str(broken)) as process:
        assert process.wait() == 0, process.communicate()

    assert proposals(broken) == proposals(whole)
    assert trained(broken)[: len(finished)] == finished
    with start("--resume", str(broken)) as process:
        assert process.wait() == 0, process.communicate()
    assert proposals(broken) == proposals(whole)


@pytest.mark.slow
def test_a_search_on_two_workers_survives_the_death_of_all_its_processes(
    tmp_path: Path, small_search: dict[str, Any]
) -> None:
    """The order of the ends is not known, so that only random proposals can be compared."""
    config = {
        **small_search,
        "sampler": "random",
        "training": {"precision": "float32", "threads": 1},
        "budget": {"trials": 6, "steps": 40},
    }
    files = {workers: tmp_path / f"{workers}.yaml" for workers in (1, 2)}
    for workers, path in files.items():
        path.write_text(yaml.safe_dump({**config, "workers": workers}))
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    with start(str(files[1]), "--out", str(whole)) as process:
        assert process.wait() == 0, process.communicate()

    with start(str(files[2]), "--out", str(broken)) as process:
        wait_until(lambda: trained(broken), process)
        workers = workers_of(process.pid)
        assert len(workers) == 2
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 60
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline, "workers live on without their search"
        time.sleep(0.05)
    finished = trained(broken)

    with start("--resume", str(broken)) as process:
        wait_until(lambda: len(workers_of(process.pid)) == 2, process)
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
        wait_until(lambda: len(trained(broken)) > len(finished), process)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert b"--resume" in process.communicate()[1]
    with start("--resume", str(broken), "--workers", "1") as process:
        assert process.wait() == 0, process.communicate()
    assert {record.trial: record for record in finished}.items() <= {
        record.trial: record for record in trained(broken)
    }.items()
    assert proposals(broken) == proposals(whole)
