"""Cut-outs where bicubic restores worst, of images in which the place is known."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from imaging.evaluation import ValidationPair
from imaging.imresize import downscale
from search.insights.crops import CropCandidate, write_crops

SCALE = 2


def pair(name: str, shape: tuple[int, int], noisy: tuple[int, int, int]) -> ValidationPair:
    """A grey image with a square of noise: its top, its left and its side."""
    high = np.full((*shape, 3), 128, np.uint8)
    top, left, side = noisy
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    high[top : top + side, left : left + side] = noise
    return ValidationPair(name, downscale(high, SCALE), high)


def read(path: Path) -> NDArray[np.uint8]:
    return np.asarray(PIL.Image.open(path))


def test_they_show_the_worst_place_of_each_image(tmp_path: Path) -> None:
    pairs = [pair("one", (300, 400), (90, 260, 64)), pair("grey", (80, 80), (0, 0, 0))]
    # Of the first image the part that decides about the square: it with a margin of 64 pixels.
    restored = {(141, 134, 3): pairs[0].high[:282, 132:], pairs[1].low.shape: pairs[1].high}
    perfect = CropCandidate(7, "perfect", lambda: lambda low: restored[low.shape])
    strips = write_crops(tmp_path, pairs, [perfect])
    first, second = strips
    assert (first.image, first.top_px, first.left_px, first.side_px) == ("one", 90, 260, 64)
    assert second.image == "grey"
    original = read(tmp_path / "crops" / "0-original.png")
    assert np.array_equal(original, pairs[0].high[90:154, 260:324])
    labels = [(crop.label, crop.trial, crop.file) for crop in first.crops]
    assert labels == [
        ("bicubic", None, "0-bicubic.png"),
        ("perfect", 7, "0-trial-7.png"),
        ("original", None, "0-original.png"),
    ]
    assert np.array_equal(read(tmp_path / "crops" / "0-trial-7.png"), original)
    bicubic, exact, same = first.crops
    assert exact.psnr_y_db is None and same.psnr_y_db is None
    shown = read(tmp_path / "crops" / "0-bicubic.png").astype(float)
    luma = (shown - original) @ np.array([65.738, 129.057, 25.064]) / 256
    assert bicubic.psnr_y_db == pytest.approx(10 * np.log10(255**2 / np.mean(luma**2)))


def test_an_image_smaller_than_a_cut_out_is_shown_whole(tmp_path: Path) -> None:
    (strip,) = write_crops(tmp_path, [pair("small", (40, 60), (0, 0, 20))], [])
    assert strip.side_px == 40
    assert read(tmp_path / "crops" / strip.crops[0].file).shape == (40, 40, 3)


def test_those_of_before_go(tmp_path: Path) -> None:
    (tmp_path / "crops").mkdir()
    (tmp_path / "crops" / "0-trial-99.png").write_bytes(b"old")
    write_crops(tmp_path, [pair("a", (40, 40), (0, 0, 20))], [])
    names = {path.name for path in (tmp_path / "crops").iterdir()}
    assert names == {"0-bicubic.png", "0-original.png"}
