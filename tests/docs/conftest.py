"""A folder in which the commands of the documentation find what they name."""

import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from paretosr.cli.app import run

# What made runs/mine: networks and trainings that take no time.
SEARCH = """
scale: 2
families:
  splitsr: {channels: 8, groups: 1, blocks: [1, 2], split_ratio: [0.5, 1.0], hybrid_index: 1,
            location: features, attention: none, upsampler: one_step}
objectives: [psnr_y_db, macs]
constraints: {params: {max: 3600}}
data: {training: photos, validation: photos}
training: {precision: float32}
budget: {trials: 2, steps: 3}
workers: 1
target: eager:lr=24x24
"""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`photos`, `photo.png` and a finished search in `runs/mine`."""
    folder = tmp_path_factory.mktemp("documentation")
    (folder / "photos").mkdir()
    for name, period_px in (("photos/wide.png", 9), ("photos/narrow.png", 5), ("photo.png", 7)):
        _save_waves(folder / name, period_px)
    (folder / "small.yaml").write_text(SEARCH, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["search", "small.yaml", "--out", "runs/mine"]) == 0
    return folder


@pytest.fixture
def workspace(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the working directory."""
    folder = tmp_path / "workspace"
    shutil.copytree(prepared, folder)
    monkeypatch.chdir(folder)
    return folder


def _save_waves(path: Path, period_px: float) -> None:
    rows, columns = np.indices((72, 84))
    waves = np.sin(rows / period_px) + np.sin(columns / period_px)
    pixels = np.stack([waves, -waves, waves / 2], axis=-1) * 60 + 128
    PIL.Image.fromarray(pixels.astype(np.uint8)).save(path)
