"""What candidates will be worth after the last rung, from structure and their first rungs.

The estimate is a Gaussian process over candidates and rungs, by scikit-learn. The PSNR of a
candidate at a rung is a level that all share, the effect of its structure, that of its family, and
what is its own; each of them changes smoothly with the logarithm of the steps. So every rung that
the run has reached says something of all the others. `comparison` holds it against the same process
over the last rung alone, which knows no candidate but by its structure.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Self

import numpy as np
from scipy.stats import kendalltau

from reports.ladder import Comparison
from search.allocation.process import NOISE_DB, Array, Coordinates, Point, Process
from search.allocation.state import (
    QUALITY,
    Estimate,
    Known,
    Ladder,
    Situation,
)

FEWEST_FINISHED = 5
"""Before so many trainings are finished nothing tells whether rungs mislead: they are not used."""
MOST_POINTS = 150
"""That an estimate learns from: it stays a matter of milliseconds however long the run."""


def estimates(situation: Situation) -> Mapping[str, Estimate]:
    """The estimate of every candidate by arch_id; of finished ones, what their training gave."""
    candidates = (*situation.known, *situation.pool)
    found = Estimator(situation).of(candidates)
    return {known.arch_id: estimate for known, estimate in zip(candidates, found, strict=True)}


def comparison(situation: Situation) -> Comparison:
    """How structure alone and structure with curves fare on the run's own finished trainings."""
    return Estimator(situation).comparison


class Estimator:
    """The estimates of one situation."""

    def __init__(self, situation: Situation) -> None:
        self._full_steps = situation.ladder.full_steps
        self._bicubic_db = situation.reference[QUALITY]
        points = _points([known for known in situation.known if known.curve], situation.ladder)
        # In the order of the points, so that the same points give the same process, and no new fit.
        learned_from = (known for known, _ in points)
        self._coordinates = Coordinates((*learned_from, *situation.known, *situation.pool))
        self._curves = self._process(points)
        last = [(known, point) for known, point in points if point.steps == self._full_steps]
        self._structure = self._process(last)
        self.finished = len(last)
        """Trainings that it learns from."""
        self.curve_is_used = self.finished >= FEWEST_FINISHED and _error(
            *self._left_out(self._curves)
        ) < _error(*self._left_out(self._structure))
        """Whether rungs tell more than structure alone, by the finished trainings."""
        self._used = self._curves if self.curve_is_used else self._structure

    @property
    def comparison(self) -> Comparison:
        """How structure alone and structure with curves fare on the finished trainings."""
        if self.finished < FEWEST_FINISHED:
            return Comparison(self.finished, None, None, None, None, curve_is_used=False)
        by_structure, by_curve = self._left_out(self._structure), self._left_out(self._curves)
        return Comparison(
            self.finished,
            _error(*by_structure),
            _error(*by_curve),
            _tau(*by_structure),
            _tau(*by_curve),
            self.curve_is_used,
        )

    def believing(self, candidates: Sequence[Known]) -> Self:
        """The same as if the candidates had come to what is expected of them."""
        believing = copy(self)
        believing._used = self._used.believing(candidates)
        return believing

    def of(self, candidates: Sequence[Known]) -> list[Estimate]:
        """What is expected of the candidates, in their order."""
        means, deviations = self._used.predict(candidates, self._full_steps)
        return [
            Estimate(known.curve[-1].psnr_y_db, NOISE_DB)
            if known.state == "finished"
            else Estimate(float(mean), float(deviation))
            for known, mean, deviation in zip(candidates, means, deviations, strict=True)
        ]

    def shifts(self, candidates: Sequence[Known], rungs: Sequence[int]) -> Array:
        """How far the result of each candidate at its next rung will move its estimate: (M,).

        A standard deviation, in decibels; 0 where rungs are not used.
        """
        if not self.curve_is_used or not candidates:
            return np.zeros(len(candidates))
        return self._used.shifts(candidates, rungs, self._full_steps)

    def _left_out(self, process: Process) -> tuple[Array, Array]:
        """Each finished training as all else predicts it, and how it is."""
        estimated, truth = process.left_out()
        is_last = [point.steps == self._full_steps for _, point in process.points]
        return estimated[is_last], truth[is_last]

    def _process(self, points: Sequence[Point]) -> Process:
        return Process(points, self._coordinates, self._bicubic_db, self._full_steps)


def _points(started: Sequence[Known], ladder: Ladder) -> list[Point]:
    """The curve points to learn from: those of the longest trainings, of these the last begun."""
    ranked = sorted(
        enumerate(started), key=lambda item: (item[1].curve[-1].steps, item[0]), reverse=True
    )
    points: list[Point] = []
    for _, known in ranked:
        rungs = [(known, point) for point in known.curve if point.steps in ladder.rungs]
        if len(points) + len(rungs) > MOST_POINTS:
            break
        points.extend(rungs)
    return points


def _error(estimated: Array, truth: Array) -> float:
    return float(np.sqrt(np.mean((estimated - truth) ** 2)))


def _tau(estimated: Array, truth: Array) -> float:
    return float(kendalltau(estimated, truth).statistic)
