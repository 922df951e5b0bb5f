"""The command in a folder whose files have the names of our packages."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from blocks import load_network
from paretosr.__main__ import PACKAGES

SCRIPT = (str(Path(sys.executable).with_name("paretosr")),)
MODULE = (sys.executable, "-m", "paretosr")
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's own modules, packages and plain folders."""
    wrong = "raise SystemExit('the wrong module')"
    for name in ("training", "reports"):
        (tmp_path / f"{name}.py").write_text(wrong)
    for name in ("profilers", "storage"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(wrong)
    for name in ("search", "blocks"):
        (tmp_path / name).mkdir()
    return tmp_path


def run(
    command: Sequence[object], folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("entry", [SCRIPT, MODULE], ids=["script", "module"])
def test_the_current_folder_does_not_stand_in_for_our_packages(
    folder: Path, run_dir: Path, entry: Sequence[str]
) -> None:
    completed = run([*entry, "report", run_dir, "--json"], folder)
    assert completed.returncode == 0, completed.stderr
    assert json.loads(completed.stdout)["front"]


def test_a_process_of_its_own_measures_there(folder: Path, tiny_network: Path) -> None:
    options = ["--scale", "2", "--target", "eager:lr=16x16", "--max-seconds", "0.1", "--json"]
    completed = run([*MODULE, "profile", tiny_network, *options], folder)
    assert completed.returncode == 0, completed.stderr
    assert json.loads(completed.stdout)["params"] > 0


def test_processes_of_torchrun_train_there(
    folder: Path, tiny_network: Path, photographs: Path
) -> None:
    data = ["--data", photographs, "--validation", photographs]
    options = ["--scale", "2", "--steps", "2", "--batch-size", "2", "--out", "trained", *data]
    completed = run([*TORCHRUN, "-m", "paretosr", "train", tiny_network, *options], folder)
    assert completed.returncode == 0, completed.stderr
    assert load_network(folder / "trained" / "model.safetensors").config.scale == 2


@pytest.mark.parametrize("entry", [SCRIPT, MODULE], ids=["script", "module"])
@pytest.mark.parametrize("file", ["training.py", "search/__init__.py"])
def test_a_module_that_comes_first_is_named(
    tmp_path: Path, entry: Sequence[str], file: str
) -> None:
    path = tmp_path / "library" / file
    path.parent.mkdir(parents=True)
    path.write_text("raise SystemExit('the wrong module')")
    before = os.environ.get("PYTHONPATH")
    searched = os.pathsep.join(filter(None, (str(tmp_path / "library"), before)))
    completed = run([*entry, "models"], tmp_path, PYTHONPATH=searched)
    assert (completed.returncode, completed.stdout) == (2, "")
    name = Path(file).parts[0].removesuffix(".py")
    assert completed.stderr == (
        f"paretosr: {path} stands in for paretosr's own package '{name}'; rename it, or take its "
        "folder out of PYTHONPATH\n"
    )


def test_every_installed_package_is_looked_at() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    installed = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name.removesuffix("*") for name in installed} == {*PACKAGES, "paretosr"}
