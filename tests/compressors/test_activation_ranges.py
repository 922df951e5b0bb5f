"""Ranges of values, by hand."""

import numpy as np
import pytest

from compressors.activation_ranges import TensorRanges, least_error_range


def test_ranges_of_two_crops() -> None:
    ranges = TensorRanges()
    ranges.add(np.linspace(-1, 3, 101, dtype=np.float32))
    ranges.add(np.linspace(-3, 1, 101, dtype=np.float32))
    assert ranges.range("minmax") == (-3, 3)
    assert ranges.range("mean") == pytest.approx((-2, 2))


def test_zero_is_always_inside() -> None:
    ranges = TensorRanges()
    ranges.add(np.array([[2.0, 5.0]], np.float32))
    assert ranges.range("minmax") == (0, 5)
    assert ranges.range("mean") == (0, 5)
    assert ranges.range("histogram")[0] == 0


def test_an_even_spread_is_not_clipped() -> None:
    values = np.linspace(-1, 1, 10_001, dtype=np.float32)
    assert least_error_range(values, -1, 1) == (-1, 1)


def test_few_outliers_are_clipped_where_steps_for_them_cost_more() -> None:
    """Against brute force: the squared error of what is really rounded, for every range."""
    generator = np.random.default_rng(0)
    values = generator.laplace(0, 0.1, 20_000).astype(np.float32)
    values[:2] = -5, 9
    low, high = least_error_range(values, -5, 9)
    assert -5 < low < 0 < high < 9

    def error(low: float, high: float) -> float:
        step = (high - low) / 255
        rounded = np.round(np.clip(values, low, high) / step) * step
        return float(np.mean((rounded - values) ** 2))

    others = [(-5.0, 9.0), (low, 9.0), (-5.0, high), (low / 2, high / 2), (low * 1.5, high * 1.5)]
    assert error(low, high) < min(error(*other) for other in others)


def test_a_tensor_that_is_always_zero_has_a_range() -> None:
    ranges = TensorRanges()
    ranges.add(np.zeros((1, 2, 3), np.float32))
    assert ranges.range("histogram") == ranges.range("mean") == (0, 0)
