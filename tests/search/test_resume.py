"""A search that is killed anywhere and continued gives the trials of one that was not."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.records import TrialRecord
from search.config import SearchConfig
from search.session import resume_search, start_search
from search.storage.study import read_run

# Each search has a process of its own, forked from one that has imported what takes seconds.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["search.session", "search.loop", "torch._dynamo"])
TOLD = 6
"""Optuna's code of "set state and values" in a journal."""


def proposals(folder: Path) -> list[tuple[Any, ...]]:
    """What must be equal of two runs: everything but the clock."""
    return [
        (r.trial, r.arch_id, r.state, r.reason, r.macs, r.psnr_y_db)
        for r in read_run(folder).records
    ]


RunClosedForm = Callable[..., str]


@pytest.fixture
def run_closed_form(monkeypatch: pytest.MonkeyPatch) -> RunClosedForm:
    """Searches in a process that kills itself when it is told to; returns what it said."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    search = import_module("killed_search").search

    def run(folder: Path, config: dict[str, Any], kill_at: int = 0) -> str:
        folder.mkdir(exist_ok=True)
        said = folder.with_suffix(".said")
        process = FORKS.Process(target=search, args=(folder, config, kill_at, said))
        process.start()
        process.join()
        words = said.read_text(encoding="utf-8")
        assert process.exitcode == (-signal.SIGKILL if kill_at else 0), words
        return words

    return run


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "random"])
def test_killed_between_suggestions_and_with_a_torn_line(
    tmp_path: Path, small_search: dict[str, Any], run_closed_form: RunClosedForm, sampler: str
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
    tmp_path: Path, small_search: dict[str, Any], run_closed_form: RunClosedForm
) -> None:
    config = {**small_search, "budget": {"trials": 5, "steps": 1}}
    run_closed_form(tmp_path, config)
    complete = proposals(tmp_path)
    journal = tmp_path / "study.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["op_code"] == TOLD
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
    return list(read_run(folder).records)


def ended_trials(folder: Path) -> int:
    """How many trials a search has ended by now, without the time that reading a run takes."""
    journal = folder / "study.journal"
    return journal.read_bytes().count(b'"op_code":%d,' % TOLD) if journal.exists() else 0


@pytest.mark.slow
def test_a_real_search_ends_as_if_it_had_been_neither_killed_nor_interrupted(
    tmp_path: Path, small_search: dict[str, Any], listener: Any
) -> None:
    settings = {"precision": "float32", "threads": 1}
    budget = {"trials": 6, "steps": 10}
    config = {**small_search, "workers": 1, "training": settings, "budget": budget}
    file = tmp_path / "search.yaml"
    file.write_text(yaml.safe_dump(config))
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    start_search(SearchConfig.model_validate(config), whole, listener)

    with start(str(file), "--out", str(broken)) as process:
        wait_until(lambda: ended_trials(broken), process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    at_the_kill = trained(broken)
    assert 1 <= len(at_the_kill) < 6
    with start("--resume", str(broken)) as process:
        wait_until(lambda: ended_trials(broken) > len(at_the_kill), process)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert b"--resume" in process.communicate()[1]
    at_the_interrupt = trained(broken)
    assert len(at_the_kill) < len(at_the_interrupt) < 7
    with start("--resume", str(broken)) as process:
        assert process.wait() == 0, process.communicate()

    assert proposals(broken) == proposals(whole)
    assert trained(broken)[: len(at_the_interrupt)] == at_the_interrupt
    assert at_the_interrupt[: len(at_the_kill)] == at_the_kill
    resume_search(broken, listener)
    assert proposals(broken) == proposals(whole)


@pytest.mark.slow
def test_a_search_on_two_workers_survives_the_death_of_all_its_processes(
    tmp_path: Path, small_search: dict[str, Any], listener: Any
) -> None:
    """The order of the ends is not known, so that only random proposals can be compared."""
    config = {
        **small_search,
        "sampler": "random",
        "training": {"precision": "float32", "threads": 1},
        "budget": {"trials": 6, "steps": 40},
    }
    file = tmp_path / "search.yaml"
    file.write_text(yaml.safe_dump({**config, "workers": 2}))
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    start_search(SearchConfig.model_validate({**config, "workers": 1}), whole, listener)

    with start(str(file), "--out", str(broken)) as process:
        wait_until(lambda: ended_trials(broken), process)
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
        wait_until(lambda: ended_trials(broken) > len(finished), process)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert b"--resume" in process.communicate()[1]
    with start("--resume", str(broken), "--workers", "1") as process:
        assert process.wait() == 0, process.communicate()
    assert {record.trial: record for record in finished}.items() <= {
        record.trial: record for record in trained(broken)
    }.items()
    assert proposals(broken) == proposals(whole)
