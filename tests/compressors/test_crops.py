"""Calibration crops: where they come from, and how they judge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressors import Crops, CropSettings, draw_crops
from imaging.evaluation import ValidationPair
from imaging.images import Image


def photograph(height: int, width: int, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image(f"{seed}.png", pixels, is_gray=False)


def flat(value: int, side_px: int) -> Image:
    return Image(f"{value}.png", np.full((side_px, side_px, 3), value, np.uint8), is_gray=False)


def test_a_seed_draws_the_same_crops_and_another_seed_others() -> None:
    images = [photograph(60, 60, seed) for seed in range(4)]
    settings = CropSettings(crops=5, held_out=2, side_px=20)
    first, again = (
        draw_crops(images, 2, settings=settings),
        draw_crops(images, 2, settings=settings),
    )
    other = draw_crops(images, 2, settings=CropSettings(5, 2, 20, seed=1))
    assert first.digest == again.digest != other.digest
    assert first.calibration.shape == (5, 3, 20, 20)
    assert first.calibration.dtype == np.float32
    assert [pair.high.shape for pair in first.held_out] == [(40, 40, 3)] * 2


@given(count=st.integers(1, 9), scale=st.sampled_from((2, 3, 4)))
def test_no_image_is_both_calibrated_and_judged_by(count: int, scale: int) -> None:
    """Images of one colour each, of which a single one is told by its two halves."""
    images = [flat(10 * (number + 1), 48) for number in range(count)]
    crops = draw_crops(images, scale, settings=CropSettings(crops=12, held_out=6, side_px=6))
    seen = {round(float(value) * 255) for value in np.unique(crops.calibration)}
    held_out = {int(value) for pair in crops.held_out for value in np.unique(pair.low)}
    assert len(crops.calibration) == 12
    assert len(crops.held_out) == 6
    if count > 1:
        assert not seen & held_out
        assert len(held_out) <= max(1, count // 4)


def test_one_image_is_cut_in_two() -> None:
    pixels = np.zeros((40, 20, 3), np.uint8)
    pixels[20:] = 200
    image = Image("two.png", pixels, is_gray=False)
    crops = draw_crops([image], 2, settings=CropSettings(crops=4, held_out=4, side_px=8))
    seen = {round(float(value) * 255) for value in np.unique(crops.calibration)}
    held_out = {int(value) for pair in crops.held_out for value in np.unique(pair.low)}
    assert sorted((*seen, *held_out)) == [0, 200]


def test_crops_are_smaller_where_images_are() -> None:
    crops = draw_crops([photograph(50, 31), photograph(33, 60, 1)], 2)
    assert crops.side_px == 15  # 31 // 2, since one image calibrates and one judges


def test_small_images_are_left_out_where_others_are_large_enough() -> None:
    images = [flat(0, 16), photograph(80, 80, 1), photograph(80, 80, 2)]
    crops = draw_crops(images, 2, settings=CropSettings(crops=8, held_out=4, side_px=40))
    assert crops.side_px == 40


def test_the_low_resolution_crop_is_that_of_the_original() -> None:
    """Of a ramp, every reduced pixel is the mean of its square, away from the borders."""
    ramp = np.repeat(np.arange(0, 240, 2, dtype=np.uint8)[:, None], 60, axis=1)
    image = Image("ramp.png", np.repeat(ramp[..., None], 3, axis=2), is_gray=False)
    for pair in draw_crops([image], 2, settings=CropSettings(4, 4, 10)).held_out:
        inner = pair.high.reshape(10, 2, 10, 2, 3).mean((1, 3))[2:-2]
        assert np.abs(pair.low[2:-2] - inner).max() <= 1


@pytest.mark.parametrize(
    ("images", "minimum_px", "settings", "message"),
    [
        ([], 1, CropSettings(), "at least one training image"),
        ([photograph(20, 20)], 8, CropSettings(), "at least the 8 px .* got 5"),
        ([photograph(90, 90)], 15, CropSettings(side_px=10), "at least the 15 px .* got 10"),
    ],
)
def test_what_cannot_be_cropped_is_refused(
    images: list[Image], minimum_px: int, settings: CropSettings, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        draw_crops(images, 2, minimum_px, settings)


def test_settings_are_numbers_of_things() -> None:
    with pytest.raises(ValueError, match="held_out must be at least 1, got 0"):
        CropSettings(held_out=0)


def test_psnr_is_that_of_the_mean_squared_error_on_luma() -> None:
    """An error of one gray level everywhere is 219.859 / 256 on Y: 48.1308 + 1.3218 dB."""
    gray = photograph(16, 16).pixels // 2 + 50
    pair = ValidationPair("a", gray[::2, ::2], gray)
    crops = Crops(np.zeros((1, 3, 8, 8), np.float32), (pair,))
    enlarged = ((gray.astype(np.float32) + 1) / 255).transpose(2, 0, 1)[None]
    assert crops.psnr_y_db(enlarged) == pytest.approx(48.1308 + 1.3218, abs=1e-3)


def test_crops_of_one_colour_do_not_count() -> None:
    gray = photograph(16, 16).pixels
    plain = np.full((16, 16, 3), 90, np.uint8)
    pairs = (ValidationPair("a", gray[::2, ::2], gray), ValidationPair("b", plain[::2, ::2], plain))
    crops = Crops(np.zeros((1, 3, 8, 8), np.float32), pairs)
    enlarged = np.stack([gray, plain]).transpose(0, 3, 1, 2).astype(np.float32) / 255
    enlarged[0] = 0.5
    alone = Crops(crops.calibration, pairs[:1]).psnr_y_db(enlarged[:1])
    assert crops.psnr_y_db(enlarged) == alone
    with pytest.raises(ValueError, match="finite"):
        crops.psnr_y_db(enlarged * np.nan)
