"""A full disk: one line with the name of the file, exit status 1, and no file cut short."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from blocks import catalogue_config, load_network
from search.sampler import ReproducibleSampler
from search.storage.run_directory import RunDirectory
from search.storage.study import SearchStudy, read_run
from training.log import TrainingLog
from upscaling.export import export_network

Cli = Callable[..., Any]
FilesUpTo = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def own_run(run_dir: Path, tmp_path: Path) -> Iterator[RunDirectory]:
    """A copy of the small run, to be written to."""
    yield RunDirectory(Path(shutil.copytree(run_dir, tmp_path / "run")))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp", ".JPG"])
def test_an_upscaled_image(
    cli: Cli,
    checkpoint: Path,
    photographs: Path,
    tmp_path: Path,
    files_up_to: FilesUpTo,
    suffix: str,
) -> None:
    out = tmp_path / f"large{suffix}"
    with files_up_to(600):
        completed = cli(
            "upscale", checkpoint, photographs / "wide.png", out, "--variant", "in_place"
        )
    assert completed.err.splitlines()[-1] == f"paretosr: {out}: File too large"
    assert completed.status == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_a_figure(
    cli: Cli, run_dir: Path, tmp_path: Path, files_up_to: FilesUpTo, suffix: str
) -> None:
    out = tmp_path / f"front{suffix}"
    with files_up_to(600):
        completed = cli("plot", run_dir, "--out", out)
    assert (completed.status, completed.out) == (1, "")
    assert completed.err == f"paretosr: {out}: File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_the_table_of_a_run(cli: Cli, own_run: RunDirectory, files_up_to: FilesUpTo) -> None:
    before = (own_run.path / "trials.csv").read_text()
    with files_up_to(600):
        completed = cli("report", own_run.path)
    assert (completed.status, completed.out) == (1, "")
    assert completed.err == f"paretosr: {own_run.path / 'trials.csv'}: File too large\n"
    assert (own_run.path / "trials.csv").read_text() == before


def test_a_training(
    cli: Cli, tiny_network: Path, photographs: Path, tmp_path: Path, files_up_to: FilesUpTo
) -> None:
    data = ("--data", photographs, "--validation", photographs)
    with files_up_to(1000):
        completed = cli("train", tiny_network, "--out", tmp_path / "t", "--steps", 2, *data)
    path = tmp_path / "t" / "best.safetensors"
    assert completed.err.splitlines()[-1] == f"paretosr: {path}: File too large"
    assert (completed.status, completed.out) == (1, "")


def test_the_log_of_a_training(tmp_path: Path, files_up_to: FilesUpTo) -> None:
    log = TrainingLog(tmp_path / "training.csv")
    with files_up_to(20), pytest.raises(OSError) as caught:
        log.add({"step": 1, "a column of some length": 2.0})
    assert caught.value.filename == str(tmp_path / "training.csv")


def test_the_journal_of_a_search(own_run: RunDirectory, files_up_to: FilesUpTo) -> None:
    baseline = read_run(own_run.path).baseline
    assert baseline is not None
    sampler = ReproducibleSampler("random", 0, 4)
    study = SearchStudy(own_run, ["psnr_y_db", "macs"], sampler)
    with files_up_to(own_run.journal.stat().st_size), pytest.raises(OSError) as caught:
        study.baseline = baseline
    assert caught.value.filename == str(own_run.journal)


def test_a_calibration(known_costs: Any, tmp_path: Path, files_up_to: FilesUpTo) -> None:
    file = known_costs.file(tmp_path / "calibration.jsonl", [])
    measurement = known_costs.measured(catalogue_config("splitsr", 4))
    with files_up_to(file.path.stat().st_size), pytest.raises(OSError) as caught:
        file.append(measurement)
    assert caught.value.filename == str(file.path)


def test_an_exported_network(checkpoint: Path, tmp_path: Path, files_up_to: FilesUpTo) -> None:
    network = load_network(checkpoint)
    with files_up_to(600), pytest.raises(OSError) as caught:
        export_network(network, tmp_path / "tiny.onnx")
    assert caught.value.filename == str(tmp_path / "tiny.onnx")
    assert list(tmp_path.iterdir()) == []


def test_standard_output(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full, monkeypatch.context() as patch:
        patch.setattr("sys.stdout", full)
        completed = cli("models")
    assert completed.err == "paretosr: standard output: No space left on device\n"
    assert completed.status == 1
