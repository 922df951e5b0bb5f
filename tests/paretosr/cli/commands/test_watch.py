"""A run as it is shown to those who watch it.

Covers paretosr.answers.watching, paretosr.cli.watch_display and reports.page.history.
"""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import paretosr as psr
from paretosr.answers.watching import sparkline
from paretosr.cli.watch_display import follow
from reports.page.history import history
from reports.records import TrialRecord


def test_one_view_of_a_run_that_has_ended(cli: Any, run_dir: Path) -> None:
    done = cli("watch", run_dir, "--once")
    run = psr.open_run(run_dir)
    assert done.status == 0 and "the budget of 2 trained candidates is spent" in done.out
    assert "2 candidates trained" in done.out and str(run.hypervolume) in done.out
    for arch_id in run.front["arch_id"]:
        assert arch_id in done.out
    document = cli("watch", run_dir, "--json").json
    assert document["state"] == "ended" and document["under_way"] == document["failures"] == []
    assert document["hypervolume"]["volumes"][-1] == pytest.approx(run.hypervolume.volume)
    assert document["hypervolume"]["trials"] == [record.trial for record in run.records]


def test_following_ends_with_the_search(cli: Any, run_dir: Path) -> None:
    done = cli("watch", run_dir)
    lines = done.out.splitlines()
    trained = [record for record in psr.open_run(run_dir).records if record.state == "trained"]
    assert done.status == 0 and len(lines) == len(trained) + 1
    for line, record in zip(lines, trained, strict=False):
        assert f"trial {record.trial}: {record.arch_id}" in line
    assert "the search has ended" in lines[-1]


def test_a_terminal_shows_all_of_it(run_dir: Path) -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=160, height=60, markup=False)
    follow(run_dir, console)
    shown = written.getvalue()
    assert "the search has ended" in shown and "Pareto front" in shown and "▁" in shown


def test_watching_loads_no_torch(run_dir: Path) -> None:
    program = (
        "import sys\nfrom paretosr.cli.app import run\n"
        "assert run(['watch', sys.argv[1]]) == 0\nsys.exit('torch' in sys.modules)"
    )
    completed = subprocess.run([sys.executable, "-c", program, str(run_dir)], capture_output=True)
    assert completed.returncode == 0, completed.stderr.decode()


def test_what_is_no_run_is_told(cli: Any, tmp_path: Path) -> None:
    done = cli("watch", tmp_path)
    assert done.status == 2 and "must hold run.yaml" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_sparkline_is_a_step_function() -> None:
    # 0 until 2 s have passed, then 7, and 3.5 in the last quarter: eighths of the range.
    assert sparkline([0.0, 2.0, 3.0, 4.0], [0.0, 7.0, 7.0, 3.5], 4) == "▁██▅"
    assert sparkline([1.0], [2.0], 3) == "▁▁▁"


def test_the_hypervolume_grows_with_the_front() -> None:
    def trial(number: int, psnr_y_db: float, macs: int) -> TrialRecord:
        return TrialRecord(
            trial=number, arch_id=f"n{number}", family="n", scale=2, state="trained",
            psnr_y_db=psnr_y_db, macs=macs, wall_seconds=2.0,
        )  # fmt: skip

    records = [trial(0, 32.0, 6), trial(1, 31.0, 8), trial(2, 33.0, 8), trial(3, 31.5, 2)]
    course = history(records, ("psnr_y_db", "macs"), {"psnr_y_db": 30.0, "macs": 10.0})
    assert course.seconds == (2.0, 4.0, 6.0, 8.0)
    # 2x4; dominated; one more dB on 2 of cost; 1.5 dB on 4 more of cost.
    assert course.volumes == (8.0, 8.0, 10.0, 16.0)
