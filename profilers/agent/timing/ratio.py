"""How much longer one call takes than another, and how far that can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]

# An interval is believed, and may end the measurement, only from this many ratios on.
BELIEVED_RATIOS = 20
PRECISION = 0.01
"""The interval that ends a measurement lies within this part of the ratio on both sides."""
RESAMPLES = 2000
_SEED = 0


@dataclass(frozen=True)
class RatioEstimate:
    """How a candidate's time compares with a reference's.

    Attributes:
        ratio: candidate over reference; ci_low and ci_high bound it with 95 % confidence.
        candidate_ms, reference_ms: medians, for orientation only: they drift, the ratio does not.
        candidate_p90_ms: nine calls of ten were faster.
        candidate_first_ms: the very first call, with whatever it sets up.
        repeats: timed calls of the candidate after the warm-up.
        reference_spread: interquartile range of the reference's calls over their median. All
            do the same work: far from 0 the machine is noisy, and noise that slows
            the two unequally moves the ratio beyond its interval.
        quiet_share: of the ratios that count, how many were measured on a quiet machine.
        compute_probe_ms, copy_probe_ms: what fixed pieces of work took meanwhile, on average.
            These three need slices (probes.py), and are None without.
    """

    ratio: float
    ci_low: float
    ci_high: float
    candidate_ms: float
    reference_ms: float
    candidate_p90_ms: float
    candidate_first_ms: float
    repeats: int
    reference_spread: float
    quiet_share: float | None = None
    compute_probe_ms: float | None = None
    copy_probe_ms: float | None = None


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval, and how many ratios it was made of."""

    value: float
    ci_low: float
    ci_high: float
    count: int

    def is_known(self, precision: float) -> bool:
        """Whether it was made of enough, and its interval is within +-`precision` of it."""
        width = self.ci_high - self.ci_low
        return self.count >= BELIEVED_RATIOS and width <= 2 * precision * self.value

    def estimate(
        self,
        *,
        candidate_ms: Sequence[float],
        reference_ms: Sequence[float],
        candidate_first_ms: float,
    ) -> RatioEstimate:
        """Return it beside what the single calls took."""
        first_quartile, middle_ms, third_quartile = np.quantile(
            reference_ms, [0.25, 0.5, 0.75]
        ).tolist()
        return RatioEstimate(
            ratio=self.value,
            ci_low=self.ci_low,
            ci_high=self.ci_high,
            candidate_ms=float(np.median(candidate_ms)),
            reference_ms=middle_ms,
            candidate_p90_ms=float(np.percentile(candidate_ms, 90)),
            candidate_first_ms=candidate_first_ms,
            repeats=len(candidate_ms),
            reference_spread=(third_quartile - first_quartile) / middle_ms,
        )


def median_ratio(ratios: Times) -> Ratio:
    """Return the median of all `ratios` (n, ...), rows as they were measured."""
    value = float(np.median(ratios))
    return Ratio(value, *median_interval(ratios, _SEED), len(ratios))


def middle_ratio(some: Times, others: Times) -> Ratio:
    """Return the geometric mean of what `some` ratios (n,) and `others` (m,) come to.

    That is for each their interquartile mean, which needs a third fewer of them than the median
    to be as exact. The two may lie apart for a reason that is not chance, so each is resampled
    by itself.
    """
    value, resampled = (
        np.sqrt(_interquartile_mean(first) * _interquartile_mean(second))
        for first, second in (
            (some[None], others[None]),
            (_resampled(some, _SEED), _resampled(others, _SEED + 1)),
        )
    )
    count = len(some) + len(others)
    return Ratio(value.item(), *percentile_interval(value.item(), resampled, count - 1), count)


def median_interval(values: Times, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the median of all `values` (n, ...), rows as measured."""
    centre = float(np.median(values))
    return percentile_interval(centre, resampled_medians(values, seed), len(values))


def resampled_medians(values: Times, seed: int) -> Times:
    """Return medians of `values` (n, ...) as they might have come out."""
    medians: Times = np.median(_resampled(values, seed), axis=1)
    return medians


def _resampled(values: Times, seed: int) -> Times:
    """Return `values` (n, ...) as they might have come out, rows in blocks: (RESAMPLES, ...).

    Circular moving-block bootstrap (Politis and Romano 1992) with blocks of n^(1/3), but at
    least 2, rows; of no more than half of them, for all together always come out the same.
    """
    count = len(values)
    length = max(1, min(count // 2, max(2, round(count ** (1 / 3)))))
    blocks = -(-count // length)
    starts = np.random.default_rng(seed).integers(0, count, size=(RESAMPLES, blocks, 1))
    chosen = (starts + np.arange(length)) % count
    resampled: Times = values[chosen.reshape(RESAMPLES, -1)[:, :count]].reshape(RESAMPLES, -1)
    return resampled


def _interquartile_mean(values: Times) -> Times:
    """Return the mean of the middle half of each row."""
    count = values.shape[1]
    outer = count // 4
    middle: Times = np.sort(values, axis=1)[:, outer : count - outer].mean(axis=1)
    return middle


def percentile_interval(centre: float, resampled: Times, count: int) -> tuple[float, float]:
    """Return the 95 % interval around `centre` of what was resampled from `count` rows.

    The percentile interval is expanded as Student's exceeds the normal one (Hesterberg 2015),
    because resampling few rows does not reach far enough.
    """
    bounds = np.percentile(resampled, [2.5, 97.5])
    low, high = centre + (bounds - centre) * _expansion(count)
    return float(low), float(high)


def _expansion(count: int) -> float:
    """Student's 97.5 % quantile over the normal one, times the usual bias correction."""
    freedom = count - 1
    # Cornish-Fisher expansion of the quantile, within 3 % from two degrees of freedom on.
    quantiles = 1 + 1.210 / freedom + 1.440 / freedom**2 + 1.304 / freedom**3
    return float(quantiles * (count / freedom) ** 0.5)
