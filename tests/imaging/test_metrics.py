"""PSNR and SSIM on Y, against closed forms, windows computed by hand, and scikit-image's PSNR."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio

from imaging.metrics import GRAY_PSNR_SHIFT_DB, luma, psnr_y_db, ssim_y

PHOTOGRAPH_SHAPE = (41, 57, 3)

_BELL = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
GAUSSIAN = _BELL / _BELL.sum()
"""The weights of a window along one side."""


def similarity(
    mean_x: float, mean_y: float, variance_x: float, variance_y: float, covariance: float
) -> float:
    """Wang et al. 2004, equation 13."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance * (2 * covariance + c2) / (variance_x + variance_y + c2)


def mean_similarity(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The mean over every 11x11 window inside the images, each from its own weighted pixels."""
    weights = np.outer(GAUSSIAN, GAUSSIAN)
    similarities = []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            u, v = (image[top : top + 11, left : left + 11] for image in (x, y))
            mean_u, mean_v = (weights * u).sum(), (weights * v).sum()
            du, dv = u - mean_u, v - mean_v
            moments = ((weights * product).sum() for product in (du * du, dv * dv, du * dv))
            similarities.append(similarity(mean_u, mean_v, *moments))
    return float(np.mean(similarities))


def noisy_pair(seed: int, *, gray: bool = False) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A smooth random image and the same with noise."""
    random = np.random.default_rng(seed)
    channels = (*PHOTOGRAPH_SHAPE[:2], 1) if gray else PHOTOGRAPH_SHAPE
    steps = random.normal(0, 6, channels).cumsum(axis=0).cumsum(axis=1)
    original = np.broadcast_to(np.clip(steps + 128, 0, 255), PHOTOGRAPH_SHAPE)
    restored = np.clip(original + random.normal(0, 9, channels), 0, 255)
    return restored.astype(np.uint8), original.astype(np.uint8)


def constant(red: int, green: int, blue: int) -> NDArray[np.uint8]:
    return np.full((20, 20, 3), (red, green, blue), np.uint8)


@pytest.mark.parametrize(
    ("colour", "y"),
    [
        ((0, 0, 0), 16.0),
        ((255, 255, 255), 16 + 219.859 * 255 / 256),
        ((128, 0, 0), 16 + 65.738 / 2),
        ((0, 64, 0), 16 + 129.057 / 4),
        ((0, 0, 128), 16 + 25.064 / 2),
    ],
)
def test_luma_by_hand(colour: tuple[int, int, int], y: float) -> None:
    assert luma(constant(*colour)) == pytest.approx(np.full((20, 20), y), abs=1e-12)


def test_luma_is_that_of_scikit_image() -> None:
    # The same matrix, published with other rounding: 65.481 / 255 there, 65.738 / 256 here.
    pixels, _ = noisy_pair(0)
    assert luma(pixels) == pytest.approx(rgb2ycbcr(pixels)[..., 0], abs=2e-3)


def test_psnr_of_a_constant_error() -> None:
    # One grey level is 219.859 / 256 of Y.
    pair = constant(101, 101, 101), constant(100, 100, 100)
    assert psnr_y_db(*pair, border_px=2) == pytest.approx(20 * math.log10(255 * 256 / 219.859))


@pytest.mark.parametrize("border_px", [0, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_psnr_is_that_of_scikit_image(seed: int, border_px: int) -> None:
    restored, original = noisy_pair(seed)
    inside = np.s_[border_px : 41 - border_px, border_px : 57 - border_px]
    oracle = peak_signal_noise_ratio(luma(original)[inside], luma(restored)[inside], data_range=255)
    assert psnr_y_db(restored, original, border_px=border_px) == pytest.approx(oracle, abs=1e-9)


def test_ssim_of_one_window_by_hand() -> None:
    """One pixel of weight w is d brighter: the mean rises by w d, the variance is w (1 - w) d^2."""
    original = constant(100, 100, 100)[:15, :15]
    restored = original.copy()
    restored[7, 7] = 120
    y, d, w = 16 + 219.859 * 100 / 256, 219.859 * 20 / 256, GAUSSIAN[5] ** 2
    expected = similarity(y, y + w * d, 0.0, w * (1 - w) * d**2, 0.0)
    assert ssim_y(restored, original, border_px=2) == pytest.approx(expected, abs=1e-12)


def test_ssim_is_the_mean_of_the_windows_that_fit() -> None:
    """Two of them: the pixel is the middle of the first and one left of it in the second."""
    original = constant(100, 100, 100)[:11, :12]
    restored = original.copy()
    restored[5, 5] = 120
    y, d = 16 + 219.859 * 100 / 256, 219.859 * 20 / 256
    weights = (GAUSSIAN[5] ** 2, GAUSSIAN[5] * GAUSSIAN[4])
    first, second = (similarity(y, y + w * d, 0.0, w * (1 - w) * d**2, 0.0) for w in weights)
    expected = (first + second) / 2
    assert ssim_y(restored, original, border_px=0) == pytest.approx(expected, abs=1e-12)


def test_ssim_of_two_constants_compares_their_means_alone() -> None:
    black, white = constant(0, 0, 0), constant(255, 255, 255)
    expected = similarity(16.0, 16 + 219.859 * 255 / 256, 0.0, 0.0, 0.0)
    assert expected < 0.14
    assert ssim_y(white, black, border_px=2) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("border_px", [0, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_ssim_is_that_of_windows_computed_one_by_one(seed: int, border_px: int) -> None:
    restored, original = noisy_pair(seed)
    inside = np.s_[border_px : 41 - border_px, border_px : 57 - border_px]
    expected = mean_similarity(luma(original)[inside], luma(restored)[inside])
    assert 0.3 < expected < 0.99
    assert ssim_y(restored, original, border_px=border_px) == pytest.approx(expected, abs=1e-9)


def test_y_of_gray_images_gives_1_3219_db_more_than_their_raw_values() -> None:
    restored, original = noisy_pair(5, gray=True)
    raw = original[2:-2, 2:-2, 0].astype(np.float64), restored[2:-2, 2:-2, 0].astype(np.float64)
    of_raw_values = peak_signal_noise_ratio(*raw, data_range=255)
    assert psnr_y_db(restored, original, border_px=2) == pytest.approx(of_raw_values + 1.321914)
    assert pytest.approx(1.321914, abs=1e-6) == GRAY_PSNR_SHIFT_DB


def test_identical_images() -> None:
    _, original = noisy_pair(1)
    assert psnr_y_db(original, original, border_px=2) == math.inf
    assert ssim_y(original, original, border_px=2) == pytest.approx(1.0, abs=1e-12)


def test_errors_in_the_border_do_not_count() -> None:
    original = constant(9, 9, 9)
    restored = original.copy()
    restored[:3] = restored[-3:] = restored[:, :3] = restored[:, -3:] = 255
    assert psnr_y_db(restored, original, border_px=3) == math.inf
    assert ssim_y(restored, original, border_px=3) == pytest.approx(1.0)
    assert psnr_y_db(restored, original, border_px=2) < 30


def test_the_smallest_images() -> None:
    one_pixel, other = constant(100, 0, 0)[:5, :5], constant(0, 0, 0)[:5, :5]
    assert psnr_y_db(one_pixel, other, border_px=2) == pytest.approx(
        20 * math.log10(255 * 256 / 6573.8)
    )
    window = constant(7, 7, 7)[:15, :15]
    assert ssim_y(window, window, border_px=2) == pytest.approx(1.0)


@pytest.mark.parametrize("metric", [psnr_y_db, ssim_y])
def test_images_that_cannot_be_compared(metric: Callable[..., float]) -> None:
    original = constant(1, 2, 3)
    with pytest.raises(ValueError, match=r"one shape \(H, W, 3\), got \(19, 20, 3\) and \(20, 20"):
        metric(original[1:], original, border_px=2)
    with pytest.raises(ValueError, match=r"got \(20, 20\) and \(20, 20\)"):
        metric(original[..., 0], original[..., 0], border_px=2)
    with pytest.raises(ValueError, match="must be uint8, got float64 and uint8"):
        metric(original / 255, original, border_px=2)
    with pytest.raises(ValueError, match="border >= 0, got 20x20 with a border of -1"):
        metric(original, original, border_px=-1)
    with pytest.raises(ValueError, match="got 20x20 with a border of 10"):
        metric(original, original, border_px=10)


def test_ssim_needs_one_window() -> None:
    small = constant(1, 2, 3)[:14]
    with pytest.raises(ValueError, match="at least 11x11 pixels inside a border >= 0, got 14x20"):
        ssim_y(small, small, border_px=2)
