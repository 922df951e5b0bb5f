"""Ranges of values, by hand."""

import numpy as np
import pytest

from compressors.activation_ranges import TensorRanges


def test_ranges_of_two_crops() -> None:
    ranges = TensorRanges()
    ranges.add(np.linspace(-1, 3, 10_001, dtype=np.float32))
    ranges.add(np.linspace(-3, 1, 10_001, dtype=np.float32))
    assert ranges.range("minmax") == (-3, 3)
    assert ranges.range("mean") == pytest.approx((-2, 2))
    # 1 in 10,000 of an even spread over 4 is 0.0004 from either end.
    assert ranges.range("percentile") == pytest.approx((-2 + 4e-4, 2 - 4e-4), abs=1e-6)


def test_zero_is_always_inside() -> None:
    ranges = TensorRanges()
    ranges.add(np.array([[2.0, 5.0]], np.float32))
    assert ranges.range("minmax") == (0, 5)


def test_quantiles_of_large_tensors_are_those_of_a_sample() -> None:
    ranges = TensorRanges()
    values = np.random.default_rng(0).permutation(np.linspace(0, 1, 1_000_001, dtype=np.float32))
    ranges.add(values.reshape(1, 1, 1_000_001))
    assert ranges.range("minmax") == (0, 1)
    assert ranges.range("percentile")[1] == pytest.approx(0.9999, abs=1e-4)
