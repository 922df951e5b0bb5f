"""What of a long search still matters for its next decision, so that one stays a matter of ms."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reports.pareto import non_dominated
from search.allocation.costs import Array, cost_names
from search.allocation.state import QUALITY, Known, Situation

MOST_FINISHED = 100
"""The last ones, beside the front."""
MOST_WAITING = 60


def relevant(situation: Situation) -> Situation:
    """The situation without the candidates far from the front.

    Of the finished ones the front stays and the last of the others, of the waiting ones at every
    rung those that are nearest to the front.
    """
    known = situation.known
    finished = [place for place, it in enumerate(known) if it.state == "finished"]
    waiting = [place for place, it in enumerate(known) if it.state == "waiting"]
    if len(finished) <= MOST_FINISHED and len(waiting) <= MOST_WAITING:
        return situation
    names = cost_names(situation)
    points = _points([known[place] for place in finished], names)
    on_front = non_dominated(points)
    kept = {place for place, it in enumerate(known) if it.state == "running"}
    kept.update(np.array(finished, int)[on_front].tolist(), finished[-MOST_FINISHED:])
    gaps = _gaps(
        _points([known[place] for place in waiting], names),
        points[on_front],
        situation.reference[QUALITY],
    )
    steps = np.array([known[place].curve[-1].steps for place in waiting])
    rungs = np.unique(steps)
    for rung in rungs:
        there = np.flatnonzero(steps == rung)
        nearest = there[np.argsort(gaps[there], kind="stable")[: MOST_WAITING // len(rungs)]]
        kept.update(waiting[place] for place in nearest)
    return replace(situation, known=tuple(known[place] for place in sorted(kept)))


def _points(known: Sequence[Known], names: Sequence[str]) -> Array:
    """Quality negated, so that all is minimised; a cost that is not known yet counts as nothing."""
    points = np.zeros((len(known), 1 + len(names)))
    points[:, 0] = [-it.curve[-1].psnr_y_db for it in known]
    for column, name in enumerate(names, start=1):
        points[:, column] = [it.costs[name].value if name in it.costs else 0.0 for it in known]
    return points


def _gaps(points: Array, front: Array, worst_quality: float) -> Array:
    """How far the quality of each point is below the best of the front at its costs."""
    covers = (front[None, :, 1:] <= points[:, None, 1:]).all(axis=2)
    best = np.min(np.where(covers, front[None, :, 0], np.inf), axis=1, initial=-worst_quality)
    gaps: Array = points[:, 0] - best
    return gaps
