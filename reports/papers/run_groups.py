"""Runs compared by their hypervolumes: seeds together, and what is more than their noise."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.05
"""Differences with a larger p are not told from chance."""

# All assignments up to here are tried; of more a sample as large, always the same.
_MOST_PERMUTATIONS = 50_000


@dataclass(frozen=True)
class RunVolume:
    """One run, and what its front dominates."""

    run: str
    """Its directory."""
    seed: int
    trained: int
    """Networks that were trained."""
    hypervolume: float
    """From the reference point that all runs share; 0 without a trained network."""
    best_psnr_y_db: float | None
    minutes: float
    """Spent on all trials."""


@dataclass(frozen=True)
class RunGroup:
    """Runs that differ in nothing but their seeds."""

    label: str
    runs: tuple[RunVolume, ...]

    @property
    def volumes(self) -> tuple[float, ...]:
        """The hypervolumes, one for each run."""
        return tuple(run.hypervolume for run in self.runs)

    @property
    def median(self) -> float:
        """The median hypervolume."""
        return float(np.median(self.volumes))

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile, interpolated linearly."""
        low, high = np.quantile(self.volumes, (0.25, 0.75))
        return float(low), float(high)


@dataclass(frozen=True)
class GroupDifference:
    """How the hypervolumes of two groups differ."""

    first: str
    second: str
    difference: float
    """The first median less the second."""
    p_value: float | None
    """Two-sided, of a permutation test of the means, by Holm's method for all pairs together; None
    where no outcome of so few runs could be below `LEVEL`."""
    least_p_value: float
    """The smallest that so many runs can give."""
    verdict: str


def differences(groups: Sequence[RunGroup]) -> tuple[GroupDifference, ...]:
    """The differences of all pairs of groups, in their order."""
    pairs = list(itertools.combinations(groups, 2))
    least = [2 / math.comb(len(a.runs) + len(b.runs), len(a.runs)) for a, b in pairs]
    decidable = [place for place, value in enumerate(least) if value <= LEVEL]
    raw = {place: permutation_p(pairs[place][0].volumes, pairs[place][1].volumes)
           for place in decidable}  # fmt: skip
    adjusted = _holm(raw)
    return tuple(
        GroupDifference(
            first.label,
            second.label,
            first.median - second.median,
            adjusted.get(place),
            least[place],
            _verdict(first, second, adjusted.get(place), least[place]),
        )
        for place, (first, second) in enumerate(pairs)
    )


def permutation_p(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sided p of a permutation test of the difference between two means.

    It is exact where at most 50,000 assignments are possible; of more, a fixed sample of them.
    Source: Fisher's randomisation test (Ernst 2004, Statistical Science 19(4), section 2).
    """
    values = np.array([*first, *second], dtype=np.float64)
    count, size = len(first), len(first) + len(second)
    observed = abs(values[:count].mean() - values[count:].mean())
    if math.comb(size, count) <= _MOST_PERMUTATIONS:
        chosen = np.array(list(itertools.combinations(range(size), count)))
    else:
        random = np.random.default_rng(0)
        chosen = np.argsort(random.random((_MOST_PERMUTATIONS, size)), axis=1)[:, :count]
    sums = values[chosen].sum(axis=1)
    gaps = np.abs(sums / count - (values.sum() - sums) / (size - count))
    # Sums of the same numbers in another order differ in their last digits.
    return float(np.mean(gaps >= observed * (1 - 1e-12) - 1e-15))


def _holm(raw: Mapping[int, float]) -> dict[int, float]:
    """P values adjusted for all of them together (Holm 1979)."""
    adjusted: dict[int, float] = {}
    largest = 0.0
    for rank, place in enumerate(sorted(raw, key=lambda it: raw[it])):
        largest = max(largest, min(1.0, (len(raw) - rank) * raw[place]))
        adjusted[place] = largest
    return adjusted


def _verdict(first: RunGroup, second: RunGroup, p_value: float | None, least: float) -> str:
    if p_value is None:
        one = min(len(first.runs), len(second.runs)) == 1
        counts = f"{len(first.runs)} and {len(second.runs)} seeds"
        if one:
            return f"not distinguishable: {counts} do not show how large the noise between seeds is"
        apart = min(first.volumes) > max(second.volumes) or max(first.volumes) < min(second.volumes)
        ranges = "their ranges do not overlap" if apart else "their ranges overlap"
        return f"not distinguishable: {counts} cannot give p below {least:.2f}; {ranges}"
    if p_value > LEVEL:
        return f"not distinguishable (p = {p_value:.2f})"
    larger = first if np.mean(first.volumes) > np.mean(second.volumes) else second
    return f"{larger.label} is larger (p = {p_value:.3f})"
