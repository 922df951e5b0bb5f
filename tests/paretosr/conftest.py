"""A command line to call, and small real things for it to work on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from torch import Tensor

from paretosr.cli.app import run

TINY_NETWORK = {
    "family": "splitsr",
    "scale": 2,
    "channels": 8,
    "groups": 1,
    "blocks": 2,
    "active_channels": 4,
    "hybrid_index": 1,
    "image_skip": "bilinear",
}


@dataclass(frozen=True)
class Completed:
    """What one command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


CommandLine = Callable[..., Completed]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs `paretosr ARGUMENTS` in this process."""

    def call(*arguments: object) -> Completed:
        capfd.readouterr()
        status = run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Completed(status, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def tiny_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config file of a network that trains in milliseconds."""
    path = tmp_path_factory.mktemp("networks") / "tiny.json"
    path.write_text(json.dumps(TINY_NETWORK), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images of smooth waves, large enough for a patch at every scale."""
    folder = tmp_path_factory.mktemp("photographs")
    for name, period_px in (("wide.png", 9), ("narrow.png", 5)):
        save_waves(folder / name, (72, 84), period_px)
    return folder


def save_waves(path: Path, shape: Sequence[int], period_px: float) -> None:
    rows, columns = np.indices(shape)
    waves = np.sin(rows / period_px) + np.sin(columns / period_px)
    pixels = np.stack([waves, -waves, waves / 2], axis=-1) * 60 + 128
    PIL.Image.fromarray(pixels.astype(np.uint8)).save(path)


@pytest.fixture(scope="session")
def checkpoint(
    tmp_path_factory: pytest.TempPathFactory, tiny_network: Path, photographs: Path
) -> Path:
    """The tiny network after three steps of training."""
    folder = tmp_path_factory.mktemp("training")
    data = ["--data", str(photographs), "--validation", str(photographs)]
    assert run(["train", str(tiny_network), "--out", str(folder), "--steps", "3", *data]) == 0
    return folder / "model.safetensors"


@pytest.fixture(scope="session")
def official_fsrcnn() -> dict[str, Tensor]:
    """Random weights of ClassSR's FSRCNN, by the names of its authors."""
    shapes: dict[str, tuple[int, ...]] = {
        "head_conv.0.weight": (56, 3, 5, 5), "head_conv.0.bias": (56,),
        "head_conv.1.weight": (1,),
        "body_conv.0.0.weight": (12, 56, 1, 1), "body_conv.0.0.bias": (12,),
        "body_conv.0.1.weight": (1,),
        **{f"body_conv.{k}.weight": (12, 12, 3, 3) for k in range(1, 5)},
        **{f"body_conv.{k}.bias": (12,) for k in range(1, 5)},
        "body_conv.5.weight": (1,),
        "body_conv.6.0.weight": (56, 12, 1, 1), "body_conv.6.0.bias": (56,),
        "body_conv.6.1.weight": (1,),
        "tail_conv.weight": (56, 3, 9, 9), "tail_conv.bias": (3,),
    }  # fmt: skip
    return {name: 0.1 * torch.randn(shape) for name, shape in shapes.items()}


SMALL_SEARCH = """
scale: 2
families:
  splitsr:
    channels: 8
    groups: 1
    blocks: [1, 2]
    split_ratio: [0.5, 1.0]
    hybrid_index: 1
    location: features
    attention: none
    upsampler: one_step
objectives: [psnr_y_db, macs]
data: {{training: '{photographs}', validation: '{photographs}'}}
training: {{precision: float32}}
budget: {{trials: 2, steps: 3}}
workers: 1
target: eager:lr=24x24
"""


@pytest.fixture(scope="session")
def small_search(tmp_path_factory: pytest.TempPathFactory, photographs: Path) -> Path:
    """A search config over four tiny networks."""
    path = tmp_path_factory.mktemp("searches") / "small.yaml"
    path.write_text(SMALL_SEARCH.format(photographs=photographs), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory, small_search: Path) -> Path:
    """The run directory of a real search that trained two of the four networks."""
    folder = tmp_path_factory.mktemp("runs")
    assert run(["search", str(small_search), "--out", str(folder / "small")]) == 0
    return folder / "small"
