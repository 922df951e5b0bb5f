"""Quality of bicubic against published figures, and of upscalers whose output is known."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.evaluation import (
    ImageQuality,
    ValidationPair,
    bicubic_upscaler,
    evaluate_quality,
    exact_by_bicubic,
    prepare_validation,
)
from imaging.images import Image, load_images
from imaging.imresize import upscale_bicubic
from imaging.metrics import psnr_y_db, ssim_y

# PSNR in dB and SSIM at x2, x3, x4 (SeemoRe, Table 1; SMSR, Table 1).
PUBLISHED_BICUBIC = {
    "Set5": ((33.66, 0.9299), (30.39, 0.8682), (28.42, 0.8104)),
    "B100": ((29.56, 0.8431), (27.21, 0.7385), (25.96, 0.6675)),
}
# From the same tables: of the raw values of the one file that has one channel.
SET14_BICUBIC_PSNR_DB = {2: 30.24, 3: 27.55, 4: 26.00}


def noise(height: int, width: int, *, gray: bool = False) -> NDArray[np.uint8]:
    shape = (height, width, 1 if gray else 3)
    random = np.random.default_rng(height * 1000 + width)
    return np.broadcast_to(random.integers(0, 256, shape, np.uint8), (height, width, 3))


def enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels.repeat(2, axis=0).repeat(2, axis=1)


def a_level_off(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.minimum(enlarged(pixels), 254) + np.uint8(1)


def test_pairs_are_cropped_and_reduced() -> None:
    images = [Image("a", noise(31, 40), False), Image("b", noise(28, 29, gray=True), True)]
    pairs = prepare_validation(images, 3)
    assert [(pair.name, pair.scale) for pair in pairs] == [("a", 3), ("b", 3)]
    assert [pair.high.shape for pair in pairs] == [(30, 39, 3), (27, 27, 3)]
    assert [pair.low.shape for pair in pairs] == [(10, 13, 3), (9, 9, 3)]
    assert np.array_equal(pairs[0].high, images[0].pixels[:30, :39])


def test_images_too_small_to_be_judged_are_named() -> None:
    # 11 pixels for a window and 2 at each side for the border: 15, cropped to an even 16.
    assert prepare_validation([Image("enough", noise(16, 99), False)], 2)
    with pytest.raises(ValueError, match=r"at least 15 pixels .* got 15x99 \('small'\)"):
        prepare_validation([Image("small", noise(15, 99), False)], 2)


def test_quality_is_the_mean_over_images() -> None:
    images = [Image("a", noise(30, 40), False), Image("b", noise(26, 30, gray=True), True)]
    pairs = prepare_validation(images, 2)
    quality = evaluate_quality(bicubic_upscaler(2), pairs)
    for pair, result in zip(pairs, quality.images, strict=True):
        restored = upscale_bicubic(pair.low, 2)
        assert result == ImageQuality(
            pair.name,
            psnr_y_db(restored, pair.high, border_px=2),
            ssim_y(restored, pair.high, border_px=2),
        )
    first, second = quality.images
    assert quality.psnr_y_db == pytest.approx((first.psnr_y_db + second.psnr_y_db) / 2)
    assert quality.ssim_y == pytest.approx((first.ssim_y + second.ssim_y) / 2)


def test_a_perfect_upscaler() -> None:
    low = noise(12, 12)
    quality = evaluate_quality(enlarged, [ValidationPair("a", low, enlarged(low))])
    assert quality.psnr_y_db == math.inf
    assert quality.ssim_y == pytest.approx(1.0)


def single_colour() -> NDArray[np.uint8]:
    return np.full((24, 32, 3), (200, 30, 77), np.uint8)


def slow_gradient() -> NDArray[np.uint8]:
    """A level more every eight columns: at x2 bicubic rounds each level back to itself."""
    levels = (np.arange(64, dtype=np.uint8) // 8 + 100)[None, :, None]
    return np.broadcast_to(levels, (24, 64, 3))


@pytest.mark.parametrize("original", [single_colour(), slow_gradient()])
def test_what_bicubic_restores_exactly_is_in_no_mean(original: NDArray[np.uint8]) -> None:
    exact, usual = Image("exact", original, False), Image("usual", noise(30, 40), False)
    pairs = prepare_validation([exact, usual], 2)
    assert exact_by_bicubic(pairs) == ("exact",)
    bicubic = evaluate_quality(bicubic_upscaler(2), pairs)
    # A network that is a level off has a finite PSNR there, which must not raise its mean.
    network = evaluate_quality(a_level_off, pairs)
    assert bicubic.images[0].psnr_y_db == math.inf > network.images[0].psnr_y_db
    for quality in (bicubic, network):
        assert quality.left_out == ("exact",)
        assert quality.psnr_y_db == quality.images[1].psnr_y_db
        assert quality.ssim_y == quality.images[1].ssim_y


def test_what_the_network_restores_exactly_is_not_in_its_mean() -> None:
    low = noise(12, 12)
    pairs = [
        ValidationPair("a", low, enlarged(low)),
        *prepare_validation([Image("b", noise(30, 40), False)], 2),
    ]
    quality = evaluate_quality(enlarged, pairs)
    assert (quality.images[0].psnr_y_db, quality.left_out) == (math.inf, ("a",))
    assert quality.psnr_y_db == quality.images[1].psnr_y_db


def test_without_another_image_the_mean_is_over_all() -> None:
    pairs = prepare_validation([Image("exact", single_colour(), False)], 2)
    quality = evaluate_quality(bicubic_upscaler(2), pairs)
    assert (quality.psnr_y_db, quality.left_out) == (math.inf, ())


def test_another_scale_than_the_pairs_is_refused() -> None:
    pairs = prepare_validation([Image("a", noise(30, 40), False)], 2)
    with pytest.raises(ValueError, match=r"got \(45, 60, 3\) and \(30, 40, 3\) \(image 'a'\)"):
        evaluate_quality(bicubic_upscaler(3), pairs)


def test_no_images() -> None:
    with pytest.raises(ValueError, match="at least one validation image, got none"):
        evaluate_quality(enlarged, [])


@pytest.mark.parametrize("dataset", PUBLISHED_BICUBIC)
def test_bicubic_as_published(shared_data: Path, dataset: str) -> None:
    images = load_images(str(shared_data / "benchmark" / dataset), split="validation").images
    for scale, (psnr_db, ssim) in zip((2, 3, 4), PUBLISHED_BICUBIC[dataset], strict=True):
        quality = evaluate_quality(bicubic_upscaler(scale), prepare_validation(images, scale))
        assert quality.psnr_y_db == pytest.approx(psnr_db, abs=0.02)
        assert quality.ssim_y == pytest.approx(ssim, abs=1e-3)


@pytest.mark.parametrize(("scale", "psnr_db"), [(2, 30.325), (3, 27.631), (4, 26.088)])
def test_set14_on_y_differs_from_published_bicubic_by_one_gray_file(
    shared_data: Path, scale: int, psnr_db: float
) -> None:
    images = load_images(str(shared_data / "benchmark" / "Set14"), split="validation").images
    assert [image.name for image in images if image.is_gray] == ["img_003.png"]
    quality = evaluate_quality(bicubic_upscaler(scale), prepare_validation(images, scale))
    assert quality.psnr_y_db == pytest.approx(psnr_db, abs=1e-3)
    of_raw_values = quality.psnr_y_db - 20 * math.log10(256 / 219.859) / 14
    assert of_raw_values == pytest.approx(SET14_BICUBIC_PSNR_DB[scale], abs=0.02)
