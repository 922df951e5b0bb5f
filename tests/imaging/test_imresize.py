"""MATLAB's imresize: hand-computed cases, exact arithmetic, the official low-resolution files."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from imaging.imresize import crop_to_multiple, downscale, imresize, upscale_bicubic

SIDES = st.integers(1, 8)
GRAY = st.tuples(SIDES, SIDES).flatmap(lambda shape: arrays(np.uint8, shape))
RGB = st.tuples(SIDES, SIDES, st.just(3)).flatmap(lambda shape: arrays(np.uint8, shape))
FACTORS = st.sampled_from([Fraction(n, d) for n in range(1, 5) for d in range(1, 5)])
DYADIC_FACTORS = st.sampled_from([Fraction(1, 4), Fraction(1, 2), Fraction(2), Fraction(4)])


def gray(*rows: list[int]) -> NDArray[np.uint8]:
    return np.array(rows, np.uint8)


def test_halving_a_column_by_hand() -> None:
    # Taps 0.5, 1.5, 2.5 and 3.5 pixels away weigh 0.43359375, 0.11328125, -0.03515625 and
    # -0.01171875: half of Keys' kernel at 0.25, 0.75, 1.25 and 1.75. Beyond the border lie
    # the mirrored pixels, so the first output is
    # 0.43359375 (0 + 100) + 0.11328125 (0 + 200) - 0.03515625 (100 + 40) - 0.01171875 (200 + 40)
    # = 58.28125, the second 0.43359375 240 + 0.11328125 140 - 0.03515625 200 - 0.01171875 100
    # = 111.71875.
    assert imresize(gray([0], [100], [200], [40]), Fraction(1, 2)).tolist() == [[58], [112]]


def test_doubling_a_row_by_hand() -> None:
    # Keys' kernel at 0.25, 0.75, 1.25, 1.75: 0.8671875, 0.2265625, -0.0703125, -0.0234375;
    # 100 (-0.0703125 - 0.0234375) < 0, 100 (0.2265625 - 0.0234375) = 20.3125, their
    # complements to 100 are 109.375 and 79.6875.
    assert imresize(gray([0, 100]), 2).tolist() == [[0, 20, 80, 109]] * 2


def test_overshoot_is_clamped() -> None:
    assert imresize(gray([55, 255]), 2)[0].tolist() == [36, 96, 214, 255]


@pytest.mark.parametrize(
    ("low", "high", "mean"), [(0, 1, 1), (1, 2, 2), (2, 3, 3), (254, 255, 255)]
)
def test_halves_are_rounded_up(low: int, high: int, mean: int) -> None:
    # Two pixels, halved, are their mean; rounding to even would give 0 and 2 for some.
    assert imresize(gray([low], [high]), Fraction(1, 2)).tolist() == [[mean]]


def test_the_vertical_pass_comes_first_and_each_pass_is_rounded() -> None:
    # Vertical: 0 and (1 + 3) / 2 = 2, then 1. Horizontal first would give 0.5 -> 1 and 2, then
    # 1.5 -> 2.
    assert imresize(gray([0, 1], [0, 3]), Fraction(1, 2)).tolist() == [[1]]
    # Rounded once, 1 / 4 would be 0.
    assert imresize(gray([0, 1], [0, 0]), Fraction(1, 2)).tolist() == [[1]]


@given(GRAY, DYADIC_FACTORS)
def test_equals_exact_arithmetic(pixels: NDArray[np.uint8], factor: Fraction) -> None:
    # Only where all weights are dyadic is floating point exact, so that ties are safe to compare.
    columns = [exact_resize(column, factor) for column in pixels.T.tolist()]
    rows = [exact_resize(list(row), factor) for row in zip(*columns, strict=True)]
    assert imresize(pixels, factor).tolist() == rows


def exact_resize(values: list[int], factor: Fraction) -> list[int]:
    """One pass over one line, written down from the definition, in rational numbers."""
    mirrored = values + values[::-1]
    stretch = min(factor, Fraction(1))
    resized = []
    for x in range(-(-len(values) * factor.numerator // factor.denominator)):
        centre = (x + Fraction(1, 2)) / factor - Fraction(1, 2)
        near = range(int(centre - 2 / stretch) - 2, int(centre + 2 / stretch) + 3)
        weights = {i: keys_kernel(abs(centre - i) * stretch) for i in near}
        total = sum(w * mirrored[i % len(mirrored)] for i, w in weights.items())
        rounded = (total / sum(weights.values()) + Fraction(1, 2)).__floor__()
        resized.append(min(max(rounded, 0), 255))
    return resized


def keys_kernel(x: Fraction) -> Fraction:
    if x >= 2:
        return Fraction(0)
    if x >= 1:
        return -(x**3) / 2 + 5 * x**2 / 2 - 4 * x + 2
    return 3 * x**3 / 2 - 5 * x**2 / 2 + 1


@given(st.tuples(SIDES, SIDES), st.integers(0, 255), FACTORS)
def test_a_constant_image_stays_constant(
    shape: tuple[int, int], value: int, factor: Fraction
) -> None:
    resized = imresize(np.full(shape, value, np.uint8), factor)
    assert resized.shape == tuple(int(np.ceil(side * factor)) for side in shape)
    assert (resized == value).all()


@given(GRAY | RGB)
def test_factor_one_changes_nothing(pixels: NDArray[np.uint8]) -> None:
    assert np.array_equal(imresize(pixels, 1), pixels)


@given(RGB, FACTORS)
def test_channels_do_not_mix(pixels: NDArray[np.uint8], factor: Fraction) -> None:
    resized = imresize(pixels, factor)
    assert resized.flags.c_contiguous
    for channel in range(3):
        assert np.array_equal(resized[..., channel], imresize(pixels[..., channel], factor))


@given(GRAY, DYADIC_FACTORS)
def test_mirroring_commutes(pixels: NDArray[np.uint8], factor: Fraction) -> None:
    # A partial last pixel would break the symmetry: the first corner is the fixed point.
    assume(all((side * factor).denominator == 1 for side in pixels.shape))
    mirrored = imresize(pixels[::-1, ::-1], factor)
    assert np.array_equal(mirrored[::-1, ::-1], imresize(pixels, factor))


def test_downscale_crops_first() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (13, 20, 3), np.uint8)
    cropped = crop_to_multiple(pixels, 3)
    assert cropped.shape == (12, 18, 3)
    assert np.shares_memory(cropped, pixels)
    assert np.array_equal(cropped, pixels[:12, :18])
    assert downscale(pixels, 3).shape == (4, 6, 3)
    assert np.array_equal(downscale(pixels, 3), imresize(cropped, Fraction(1, 3)))
    assert upscale_bicubic(downscale(pixels, 3), 3).shape == cropped.shape


def test_the_official_low_resolution_files_are_reproduced(shared_data: Path) -> None:
    paths = sorted((shared_data / "benchmark_lr" / "Set5" / "X2").iterdir())
    assert len(paths) == 5
    for path in paths:
        original = np.asarray(PIL.Image.open(shared_data / "benchmark" / "Set5" / path.name))
        assert np.array_equal(downscale(original, 2), np.asarray(PIL.Image.open(path)))


@pytest.mark.parametrize(
    ("pixels", "factor", "message"),
    [
        (np.zeros((4, 4)), 2, r"needs uint8 pixels .* got float64 of shape \(4, 4\)"),
        (np.zeros(4, np.uint8), 2, r"got uint8 of shape \(4,\)"),
        (np.zeros((0, 4), np.uint8), 2, r"got uint8 of shape \(0, 4\)"),
        (np.zeros((4, 4), np.uint8), 0, "factor must be > 0, got 0"),
        (np.zeros((4, 4), np.uint8), Fraction(-1, 2), "factor must be > 0, got -1/2"),
    ],
)
def test_bad_input(pixels: NDArray[np.uint8], factor: Fraction | int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        imresize(pixels, factor)


def test_images_smaller_than_one_low_resolution_pixel_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 4 pixels for scale 4, got 3x8"):
        crop_to_multiple(np.zeros((3, 8, 3), np.uint8), 4)
