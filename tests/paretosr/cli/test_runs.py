"""`paretosr report` and `plot` of a real run.

Covers paretosr.cli.commands.report, paretosr.cli.commands.plot and paretosr.cli.run_summary."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import PIL.Image
import pytest

_NOBODY = 65534
FILES = ("trials.csv", "front.csv", "pareto.png", "psnr_vs_gmacs.png")


def test_report_rebuilds_what_was_deleted(cli: Callable[..., Any], run_dir: Path) -> None:
    assert cli("report", run_dir).status == 0
    before = {name: (run_dir / name).read_bytes() for name in FILES}
    for name in FILES:
        (run_dir / name).unlink()
    completed = cli("report", run_dir)
    assert {name: (run_dir / name).read_bytes() for name in FILES} == before
    for name in FILES:
        assert str(run_dir / name) in completed.out
    assert "bicubic-x2" in completed.out


def test_report_for_machines(cli: Callable[..., Any], run_dir: Path) -> None:
    answer = cli("report", run_dir, "--json").json
    front = pd.read_csv(answer["files"]["front_csv"])
    assert [row["arch_id"] for row in answer["front"]] == list(front["arch_id"])
    assert answer["bicubic"]["family"] == "bicubic"
    assert answer["objectives"] == ["psnr_y_db", "macs"]
    assert set(answer["seconds"]) >= {"training", "validation", "measuring", "proposing"}


@pytest.mark.parametrize(
    ("x", "y"), [("macs", "psnr_y_db"), ("params", "ssim_y"), ("activation_mib", "psnr_y_db")]
)
def test_plot(cli: Callable[..., Any], run_dir: Path, x: str, y: str) -> None:
    answer = cli("plot", run_dir, "--x", x, "--y", y, "--json").json
    assert answer["figure"] == str(run_dir / f"{y}_vs_{x}.png")
    assert "2 trials of small, trained 3 steps." in answer["caption"]
    with PIL.Image.open(answer["figure"]) as image:
        assert image.width > 600


def test_plot_in_the_format_of_the_name(
    cli: Callable[..., Any], run_dir: Path, tmp_path: Path
) -> None:
    figure = tmp_path / "figure.pdf"
    path, caption = cli("plot", run_dir, "--out", figure).out.splitlines()
    assert path == str(figure) and caption.startswith("PSNR on Y, ")
    assert figure.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--x", "flops"], "an objective must be one of "),
        (["--y", "macs"], "two different columns, got macs twice"),
        (["--out", "figure.doc"], "name must end in one of"),
    ],
)
def test_wrong_options_of_plot(
    cli: Callable[..., Any], run_dir: Path, options: list[str], message: str
) -> None:
    completed = cli("plot", run_dir, *options)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err


@pytest.mark.parametrize("command", ["plot", "report"])
def test_a_folder_that_is_no_run(cli: Callable[..., Any], tmp_path: Path, command: str) -> None:
    completed = cli(command, tmp_path)
    assert (completed.status, completed.out) == (2, "")
    assert "a run directory must hold run.yaml" in completed.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["plot", "report"])
def test_a_corrupt_journal_line_is_named_and_kept(
    cli: Callable[..., Any], run_dir: Path, tmp_path: Path, command: str
) -> None:
    lines = (run_dir / "study.journal").read_text(encoding="utf-8").splitlines(keepends=True)
    lines[2] = lines[2][:10] + "\n"
    broken = "".join(lines)
    (tmp_path / "study.journal").write_text(broken, encoding="utf-8")
    (tmp_path / "run.yaml").write_bytes((run_dir / "run.yaml").read_bytes())
    completed = cli(command, tmp_path)
    assert (completed.status, completed.out) == (2, "")
    assert "line 3" in completed.err
    assert completed.err.count("\n") == 1
    assert (tmp_path / "study.journal").read_text(encoding="utf-8") == broken


def test_plot_of_a_column_that_no_trial_has(cli: Callable[..., Any], run_dir: Path) -> None:
    completed = cli("plot", run_dir, "--x", "peak_memory_mib")
    assert (completed.status, completed.out, completed.err.count("\n")) == (2, "", 1)
    assert "no network has peak_memory_mib; they have psnr_y_db, ssim_y," in completed.err
    assert not (run_dir / "psnr_y_db_vs_peak_memory_mib.png").exists()


@pytest.fixture
def read_only_run(run_dir: Path) -> Iterator[Path]:
    """A copy in which this process may not write, even where it runs as root."""
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        copy = Path(shutil.copytree(run_dir, Path(parent, "run")))
        copy.chmod(0o555)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(_NOBODY)
        try:
            yield copy
        finally:
            if is_root:
                os.seteuid(0)
            copy.chmod(0o755)


def test_pick_of_a_run_that_cannot_be_written(cli: Callable[..., Any], read_only_run: Path) -> None:
    completed = cli("pick", read_only_run, "0")
    assert completed.status == 0 and f"MODEL: {read_only_run}:0" in completed.out.splitlines()
    assert completed.err == (
        f"note: the run directory is read-only: {read_only_run}:pick is not changed\n"
    )


def test_report_of_a_run_that_cannot_be_written(
    cli: Callable[..., Any], read_only_run: Path
) -> None:
    completed = cli("report", read_only_run)
    assert completed.status == 0
    assert completed.err == (
        "note: the run directory cannot be written to: no tables and figures were saved\n"
    )
    best = pd.read_csv(read_only_run / "front.csv")["arch_id"]
    assert all(arch_id in completed.out for arch_id in best)
    answer = cli("report", read_only_run, "--json").json
    assert answer["files"] == {} and len(answer["front"]) == len(best)
