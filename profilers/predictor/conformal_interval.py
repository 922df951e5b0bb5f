"""How far off a prediction may be, from the errors of predictions that were checked.

Source: Lei et al. 2018, "Distribution-free predictive inference for regression", section 2; with
errors of cross-validation in place of a held-out half (Barber et al. 2021, "Predictive inference
with the jackknife+", section 3). It holds for networks drawn in the same way as the checked ones,
whatever the distribution of the errors.
"""

import itertools
from collections.abc import Sequence

import numpy as np


def error_bound(errors: Sequence[float], coverage: float) -> float:
    """Return the bound that the error of a new prediction stays within with probability `coverage`.

    A new error lies within the k-th smallest of n absolute errors with probability k / (n + 1);
    where (n + 1) coverage is no whole number, the bound lies between two of them in proportion.
    Rounding up, as in the source, covers more than was asked: 94.6 % for 90 % of 36 errors.

    Raises:
        ValueError: coverage is not between 0 and 1, or there are too few errors for it.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must lie between 0 and 1, got {coverage}")
    if _place(len(errors), coverage) > len(errors):
        raise ValueError(
            f"an interval of coverage {coverage:g} needs at least {errors_needed(coverage)} "
            f"checked predictions, got {len(errors)}"
        )
    return float(np.quantile(np.abs(errors), coverage, method="weibull"))


def errors_needed(coverage: float) -> int:
    """Return how many errors `error_bound` needs for `coverage`, which is below 1."""
    return next(count for count in itertools.count(1) if _place(count, coverage) <= count)


def _place(count: int, coverage: float) -> float:
    # 0.9 x 10 must not lie above 9 because 0.9 is no binary fraction.
    return round((count + 1) * coverage, 9)
