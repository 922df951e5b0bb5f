"""The range of values that each tensor of a network takes on the calibration crops."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compressors.schemes import Ranges

OUTLIERS = 1e-4
"""The share of values that a percentile leaves out at either end."""
# Quantiles of more values than this are those of every n-th.
_SAMPLED = 2**17


@dataclass
class TensorRanges:
    """What is known of one tensor, crop by crop."""

    extremes: list[tuple[float, float]] = field(default_factory=list)
    quantiles: list[tuple[float, float]] = field(default_factory=list)

    def add(self, values: NDArray[np.float32]) -> None:
        """Take note of the values that the tensor has for one crop."""
        flat = values.ravel()
        self.extremes.append((float(flat.min()), float(flat.max())))
        sampled = flat[:: -(-flat.size // _SAMPLED)]
        low, high = np.quantile(sampled, (OUTLIERS, 1 - OUTLIERS))
        self.quantiles.append((float(low), float(high)))

    def range(self, ranges: Ranges) -> tuple[float, float]:
        """Where the range begins and ends; it includes 0, which padding needs."""
        if ranges == "minmax":
            low, high = min(it[0] for it in self.extremes), max(it[1] for it in self.extremes)
        else:
            seen = self.extremes if ranges == "mean" else self.quantiles
            low, high = (float(np.mean(end)) for end in zip(*seen, strict=True))
        return min(low, 0.0), max(high, 0.0)


AllRanges = Mapping[str, TensorRanges]
"""By the names of the tensors."""
