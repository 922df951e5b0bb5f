"""The range of values that a tensor of a network takes on the calibration crops."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compressors.schemes import Ranges

_STEPS = 255
_SAMPLED = 2**13
"""Of the values of each crop, at most so many are kept."""
_ENDS = 128
"""So many places are tried for either end of a range."""


@dataclass
class TensorRanges:
    """What is known of one tensor, crop by crop."""

    extremes: list[tuple[float, float]] = field(default_factory=list)
    samples: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, values: NDArray[np.float32]) -> None:
        """Take note of the values that the tensor has for one crop."""
        flat = values.ravel()
        self.extremes.append((float(flat.min()), float(flat.max())))
        self.samples.append(flat[:: -(-flat.size // _SAMPLED)].copy())

    def range(self, ranges: Ranges) -> tuple[float, float]:
        """Where the range begins and ends; it includes 0, which padding needs."""
        smallest, largest = zip(*self.extremes, strict=True)
        if ranges == "mean":
            return min(float(np.mean(smallest)), 0.0), max(float(np.mean(largest)), 0.0)
        low, high = min(0.0, *smallest), max(0.0, *largest)
        if ranges == "minmax":
            return low, high
        return least_error_range(np.concatenate(self.samples), low, high)


def least_error_range(values: NDArray[np.float32], low: float, high: float) -> tuple[float, float]:
    """The range within `low` to `high` that rounds and clips with the least squared error.

    A value inside is off by a twelfth of the squared step on average, one outside by its distance
    to the range.
    """
    lows, highs = np.linspace(low, 0, _ENDS), np.linspace(0, high, _ENDS)
    below, above = _clipped(-values, -lows), _clipped(values, highs)
    steps = (highs - lows[:, None]) / _STEPS
    first, last = divmod(int(np.argmin(below[:, None] + above + steps**2 / 12)), _ENDS)
    return float(lows[first]), float(highs[last])


def _clipped(values: NDArray[np.float32], ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean squared distance of what lies beyond each of the ends."""
    descending = np.sort(values.astype(np.float64))[::-1]
    sums, squares = (np.concatenate([[0], np.cumsum(descending**power)]) for power in (1, 2))
    count = len(values) - np.searchsorted(descending[::-1], ends, side="right")
    beyond = squares[count] - 2 * ends * sums[count] + count * ends**2
    return np.asarray(np.maximum(beyond, 0) / len(values))
