"""What a candidate is expected to add to the hypervolume, and which finished ones are on the front.

What a candidate of costs c and quality y adds is the integral of max(0, y - h(t)) over all costs t
from c to the reference, where h(t) is the best quality that the front has at costs t or less. The
expectation over a normally distributed quality is known in closed form for every t. What is left is
an integral over the costs: with one cost a sum over the steps of the front, which is exact, with
more a mean over points that fill the space evenly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from search.allocation.costs import Array, Costs
from search.allocation.estimate import Estimator
from search.allocation.relevant import relevant
from search.allocation.state import QUALITY, Bound, Known, Situation

COST_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""At which costs are looked at that are not known exactly."""
LOG2_POINTS = 10
"""Of the points in the space of several costs: a thousand."""
QUALITY_QUANTILES = 33
"""At which the quality of a finished candidate is looked at."""


class Improvement:
    """What candidates add to the front that a situation has, running ones as they are estimated.

    So two workers do not seek the same.
    """

    def __init__(self, situation: Situation, estimator: Estimator) -> None:
        self._bound = situation.bounds.get(QUALITY, Bound())
        self._costs = Costs(situation)
        self._worst_quality = situation.reference[QUALITY]
        front = [it for it in situation.known if it.state in ("finished", "running")]
        self._front_costs = self._costs.at(front, 0.5)
        self._front_qualities = np.array([it.psnr_y_db for it in estimator.of(front)])

    def expected(self, candidates: Sequence[Known], means: Array, deviations: Array) -> Array:
        """The expected improvement of the hypervolume by each candidate alone: (M, Q).

        What is expected of their quality are `means` (M, Q), in Q cases that may come, with
        `deviations` (M,).
        """
        if not candidates:
            return np.zeros_like(means)
        at_quantiles = [self._costs.at(candidates, quantile) for quantile in COST_QUANTILES]
        parts = self._parts(np.min(at_quantiles, axis=(0, 1)))
        reached = np.mean(
            [
                parts.reached_from(costs) * self._costs.keep_bounds(candidates, quantile)[:, None]
                for costs, quantile in zip(at_quantiles, COST_QUANTILES, strict=True)
            ],
            axis=0,
        )
        qualities = self._best_at(parts.costs)
        cases = [
            (reached * expected_gain(case[:, None], deviations[:, None], qualities, self._bound))
            for case in means.T
        ]
        return np.stack([case.sum(axis=1) for case in cases], axis=1)

    def _parts(self, lowest: Array) -> "_Steps | _Points":
        """The space of costs from `lowest` to the reference."""
        reference = self._costs.reference
        lowest = np.minimum(lowest, reference)
        if len(reference) == 1:
            inside = self._front_costs[self._front_costs < reference]
            return _Steps(np.unique(np.append(inside, lowest))[:, None], float(reference[0]))
        sides = reference - lowest
        points = qmc.Sobol(max(1, len(sides)), scramble=False).random_base2(LOG2_POINTS)
        return _Points(lowest + points[:, : len(sides)] * sides, float(np.prod(sides)))

    def _best_at(self, costs: Array) -> Array:
        """The best quality that the front has at each of the costs (K, D) or less: (K,)."""
        covers = (self._front_costs[None, :, :] <= costs[:, None, :]).all(axis=2)
        offered = np.where(covers, self._front_qualities[None, :], -np.inf)
        best: Array = np.max(offered, axis=1, initial=self._worst_quality)
        return best


@dataclass(frozen=True)
class _Steps:
    """The line of one cost, cut where the front has another best quality."""

    costs: Array
    """At which the parts begin, ascending: (K, 1)."""
    reference: float

    def reached_from(self, costs: Array) -> Array:
        """How much of each part costs no less than each candidate: (M, K) of candidates (M, 1)."""
        starts = self.costs[:, 0]
        ends = np.append(starts[1:], self.reference)
        reached: Array = np.maximum(0.0, ends - np.maximum(starts, costs))
        return reached


@dataclass(frozen=True)
class _Points:
    """Points that stand for equal parts of the space of several costs, or of none."""

    costs: Array
    """(K, D)."""
    volume: float

    def reached_from(self, costs: Array) -> Array:
        """How much of each part costs no less than each candidate: (M, K) of candidates (M, D)."""
        within = (self.costs[None, :, :] >= costs[:, None, :]).all(axis=2)
        return np.where(within, self.volume / len(self.costs), 0.0)


def expected_gain(means: Array, deviations: Array, qualities: Array, bound: Bound) -> Array:
    """The expectation of max(0, y - h) for normal y, where a y beyond the bound gains nothing."""
    lowest: Array = np.maximum(qualities, -math.inf if bound.min is None else bound.min)
    highest: Array = np.maximum(math.inf if bound.max is None else bound.max, lowest)
    low, high = (lowest - means) / deviations, (highest - means) / deviations
    gain: Array = (means - qualities) * (ndtr(high) - ndtr(low)) + deviations * (
        _density(low) - _density(high)
    )
    return np.maximum(gain, 0.0)


def _density(values: Array) -> Array:
    density: Array = np.exp(-0.5 * np.square(values)) / math.sqrt(2 * math.pi)
    return density


def front_probabilities(situation: Situation) -> Mapping[int, float]:
    """The probability of each finished trial that no other candidate dominates it.

    The others are all that were started: what is finished is as measured, with the noise between
    trainings, the rest as estimated for after a full training. Trials far from the front, which
    `relevant` leaves out, have none.
    """
    situation = relevant(situation)
    known, costs = situation.known, Costs(situation)
    estimates = Estimator(situation).of(known)
    means = np.array([it.psnr_y_db for it in estimates])
    deviations = np.array([it.deviation_db for it in estimates])
    at_quantiles = [costs.at(known, quantile) for quantile in COST_QUANTILES]
    normal = ndtri((np.arange(QUALITY_QUANTILES) + 0.5) / QUALITY_QUANTILES)
    found = {}
    for place, it in enumerate(known):
        if it.state == "finished" and it.trial is not None:
            no_dearer = [
                (theirs <= own[place]).all(axis=1)
                for theirs in at_quantiles
                for own in at_quantiles
            ]
            quality = means[place] + deviations[place] * normal
            better = ndtr((means[None, :] - quality[:, None]) / deviations[None, :])
            dominates = better * np.mean(no_dearer, axis=0)
            dominates[:, place] = 0.0
            found[it.trial] = float((1 - dominates).prod(axis=1).mean())
    return found
