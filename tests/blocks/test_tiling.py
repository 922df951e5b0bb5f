"""Tiles of what only sees a neighbourhood give the image of one piece."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from blocks import (
    CarnConfig,
    EdsrConfig,
    FsrcnnConfig,
    MsrResNetConfig,
    NetworkConfig,
    SafmnConfig,
    SpanConfig,
    SplitSRConfig,
    build_network,
)
from blocks.tiling import WHOLE, Tiling, tiled

Pixels = NDArray[np.uint8]


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def neighbourhood_sums(pixels: Pixels, receptive_field_radius_px: int) -> NDArray[np.int64]:
    """Every pixel the sum over what lies up to `receptive_field_radius_px` around it, then enlarged by 2."""
    padded = np.pad(
        pixels.astype(np.int64),
        ((receptive_field_radius_px,) * 2, (receptive_field_radius_px,) * 2, (0, 0)),
    )
    side = 2 * receptive_field_radius_px + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1))
    return windows.sum(axis=(-1, -2)).repeat(2, axis=0).repeat(2, axis=1)


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(8, 40), st.integers(0, 9))
def test_nothing_changes_within_the_margin(
    height: int, width: int, tile_px: int, receptive_field_radius_px: int
) -> None:
    pixels = noise(height, width)
    enlarge = tiled(
        lambda part: neighbourhood_sums(part, receptive_field_radius_px),
        2,
        Tiling(tile_px, receptive_field_radius_px),
    )
    assert np.array_equal(enlarge(pixels), neighbourhood_sums(pixels, receptive_field_radius_px))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 40), st.integers(0, 9))
def test_pieces_are_the_calls_that_an_image_takes(
    height: int, width: int, tile_px: int, margin_px: int
) -> None:
    read: list[tuple[int, ...]] = []

    def enlarge(part: Pixels) -> Pixels:
        read.append(part.shape)
        return part.repeat(2, axis=0).repeat(2, axis=1)

    tiling = Tiling(tile_px, margin_px)
    tiled(enlarge, 2, tiling)(noise(height, width))
    assert len(read) == tiling.pieces(height, width)
    assert WHOLE.pieces(height, width) == 1


def test_a_margin_below_the_reach_would_be_seen() -> None:
    pixels = noise(40, 40)
    enlarge = tiled(lambda part: neighbourhood_sums(part, 17), 2, Tiling(16, 0))
    assert not np.array_equal(enlarge(pixels), neighbourhood_sums(pixels, 17))


def test_tiles_are_no_larger_than_they_must() -> None:
    """A tile and its margins, widened to the grid of 16 px; small images are read whole."""
    read: list[tuple[int, ...]] = []

    def enlarge(part: Pixels) -> Pixels:
        read.append(part.shape)
        return part

    tiled(enlarge, 1, Tiling(32, 8))(noise(100, 70))
    assert max(read) <= (64, 64, 3)
    assert len(read) == 4 * 3
    read.clear()
    tiled(enlarge, 1, Tiling(32, 8))(noise(36, 64))
    assert read == [(36, 64, 3)]


def enlarger(config: NetworkConfig) -> Callable[[Pixels], NDArray[np.float32]]:
    torch.manual_seed(0)
    network = build_network(config).eval()

    def enlarge(pixels: Pixels) -> NDArray[np.float32]:
        images = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            enlarged: NDArray[np.float32] = network(images)[0].permute(1, 2, 0).numpy()
        return enlarged

    return enlarge


@pytest.mark.parametrize(
    "config",
    [
        SplitSRConfig(
            scale=2,
            channels=16,
            active_channels=4,
            groups=2,
            hybrid_index=1,
            location="both",
            image_skip="bicubic",
        ),
        FsrcnnConfig(scale=2, channels=16),
        FsrcnnConfig(scale=2, channels=16, design="rgb"),
        EdsrConfig(scale=2, channels=16, blocks=4),
        CarnConfig(scale=2, channels=16),
        MsrResNetConfig(scale=2, channels=16, blocks=2),
        SpanConfig(scale=2, channels=16),
    ],
    ids=lambda config: config.family,
)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_local_networks_in_tiles_give_the_image_of_one_piece(
    config: NetworkConfig, scale: int
) -> None:
    config = config.replace(scale=scale)
    assert config.receptive_field_radius_px is not None
    enlarge, pixels = enlarger(config), noise(70, 603)
    whole = enlarge(pixels)
    pieces = tiled(enlarge, scale, Tiling(48, config.receptive_field_radius_px))(pixels)
    assert np.abs(pieces - whole).max() <= 1e-5 * max(1, np.abs(whole).max())


def test_pooling_windows_lie_in_a_tile_as_in_the_image() -> None:
    """SAFMN's 8-pixel windows: with a margin beyond its reach nothing is left of the cuts."""
    config = SafmnConfig(scale=2, channels=8, blocks=1)
    enlarge, pixels = enlarger(config), noise(64, 128)
    pieces = tiled(enlarge, 2, Tiling(20, 24))(pixels)
    assert np.abs(pieces - enlarge(pixels)).max() < 1e-5
