"""An upscaler for images of any size tells of each piece, and is as exact as it can be."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from blocks import ImdnConfig, NetworkConfig, SpanConfig, build_network, save_checkpoint
from blocks.models import Model
from upscaling.images import ChosenUpscaler, UpscalingOptions, upscaler_for


@dataclass
class Recorder:
    """A listener that remembers what it heard."""

    warnings: list[str] = field(default_factory=list)
    pieces: list[tuple[int, int]] = field(default_factory=list)

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.pieces.append((done, total))


def model_of(config: NetworkConfig, folder: Path) -> Model:
    torch.manual_seed(0)
    path = folder / "model.safetensors"
    save_checkpoint(path, build_network(config).state_dict(), config, {})
    return Model(str(path), config.scale, config, path)


def upscaler(
    model: Model, pixels: np.ndarray, tile_px: int | None = None
) -> tuple[ChosenUpscaler, Recorder]:
    recorder = Recorder()
    options = UpscalingOptions(tile_px=tile_px)
    height, width, _ = pixels.shape
    chosen = upscaler_for(model, {"noise": pixels}, [(height, width)], options, recorder)
    return chosen, recorder


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 120, 3), np.uint8)


def test_tiles_of_a_network_that_sees_a_neighbourhood_change_nothing(
    tmp_path: Path, noise: np.ndarray
) -> None:
    model = model_of(SpanConfig(scale=2, channels=8, blocks=1), tmp_path)
    whole, one_piece = upscaler(model, noise, tile_px=0)
    cut, tiles = upscaler(model, noise, tile_px=16)
    difference = whole.upscale(noise).astype(int) - cut.upscale(noise)
    assert np.abs(difference).max() <= 1  # rounding
    assert one_piece.pieces == [(1, 1)]
    assert tiles.pieces == [(number, 3 * 8) for number in range(1, 25)]
    assert one_piece.warnings == tiles.warnings == []


def test_tiles_that_change_the_result_are_warned_of(tmp_path: Path, noise: np.ndarray) -> None:
    model = model_of(ImdnConfig(scale=2, channels=8, blocks=1), tmp_path)
    _, recorder = upscaler(model, noise, tile_px=1)
    assert "which changes the result" in recorder.warnings[0]
    _, recorder = upscaler(model, noise, tile_px=0)
    assert recorder.warnings == []


def test_bicubic_has_no_variants(noise: np.ndarray) -> None:
    chosen, recorder = upscaler(Model("bicubic", 2, None), noise)
    assert (chosen.variant, chosen.others) == (None, ())
    assert chosen.upscale(noise).shape == (80, 240, 3)
    assert recorder.pieces == [(1, 1)]
