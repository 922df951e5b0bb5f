"""What is not measured of a candidate yet: regressions on what the run has measured of others."""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.linear_model import BayesianRidge

from reports.records import objective
from search.allocation.state import QUALITY, Cost, Known, Situation

Array = NDArray[np.float64]

FEWEST_MEASURED = 3
"""For a regression."""
MACS_PER_ACTIVATION = 100
"""What putting out a number takes beside what computing it does; chosen on the rows of the tabular
benchmark that tune, by how far latencies are from proportion."""
UNKNOWN_FACTOR = 4.0
"""How far a cost may be from what others have, before there is a regression."""
TO_AN_END = 1.96
"""Standard deviations from the middle to an end of a 95 % interval."""


def cost_names(situation: Situation) -> tuple[str, ...]:
    """The objectives other than quality.

    Raises:
        ValueError: quality is none of the objectives, or another one is to be maximised.
    """
    if QUALITY not in situation.objectives:
        raise ValueError(f"{QUALITY} must be an objective, got {', '.join(situation.objectives)}")
    names = tuple(name for name in situation.objectives if name != QUALITY)
    if gains := [name for name in names if objective(name).direction == "maximise"]:
        raise ValueError(f"{QUALITY} must be the one quality, got {', '.join(gains)} beside it")
    return names


class Costs:
    """The costs of every candidate of a situation: as they are known, or by a regression."""

    def __init__(self, situation: Situation) -> None:
        self.names = cost_names(situation)
        """Of the objectives."""
        bounded = [name for name in situation.bounds if name != QUALITY]
        self._bounds = {name: situation.bounds[name] for name in bounded}
        everyone = (*situation.known, *situation.pool)
        self._found = {
            name: _completed(everyone, name, situation.reference.get(name))
            for name in dict.fromkeys((*self.names, *bounded))
        }
        worst = {name: max(it.value for it in self._found[name].values()) for name in self.names}
        self.reference = np.array(
            [situation.reference.get(name, worst[name]) for name in self.names]
        )
        """The worst costs that count: (D,)."""

    def at(self, candidates: Sequence[Known], quantile: float) -> Array:
        """The costs that are objectives, each at a quantile of its interval: (M, D)."""
        rows = [
            [_at(self._found[name][known.arch_id], quantile) for name in self.names]
            for known in candidates
        ]
        return np.array(rows, dtype=float).reshape(len(candidates), len(self.names))

    def keep_bounds(self, candidates: Sequence[Known], quantile: float) -> NDArray[np.bool_]:
        """Whether each candidate's costs, at a quantile, keep all bounds: (M,)."""
        return np.array(
            [
                all(
                    bound.kept_by(_at(self._found[name][known.arch_id], quantile))
                    for name, bound in self._bounds.items()
                )
                for known in candidates
            ],
            dtype=bool,
        )


def seconds_per_step(situation: Situation, candidates: Sequence[Known]) -> Array:
    """The seconds that a step of each candidate takes: its own, or by a regression.

    Before anything was trained it is one second for all, so that steps alone count.
    """
    measured = {
        known.arch_id: Cost(seconds, seconds, seconds)
        for known in situation.known
        if (seconds := known.seconds_per_step)
    }
    found = _with_regression((*situation.known, *candidates), measured, _equal, usual=1.0)
    return np.array([found[known.arch_id].value for known in candidates])


def _completed(candidates: Sequence[Known], name: str, reference: float | None) -> dict[str, Cost]:
    """The cost of that name by arch_id.

    Raises:
        ValueError: nothing tells how large it may be.
    """
    measured = {it.arch_id: it.costs[name] for it in candidates if name in it.costs}
    if not measured and reference is None:
        raise ValueError(f"{name} must be known of a candidate, or have a reference")
    usual = (reference or 0.0) / UNKNOWN_FACTOR
    return _with_regression(candidates, measured, _work, usual)


def _work(known: Known) -> float:
    structure = known.structure
    return (structure.macs or 1) + MACS_PER_ACTIVATION * (structure.activations or 0)


def _equal(known: Known) -> float:
    return 1.0


def _with_regression(
    candidates: Iterable[Known],
    measured: dict[str, Cost],
    size: Callable[[Known], float],
    usual: float,
) -> dict[str, Cost]:
    """What is measured, and of the others what a regression on the logarithms says.

    It starts from a cost in proportion to a size, and where too few are measured stays there: at
    the geometric mean of those, or where there are none at `usual` for the mean size.
    """
    known = [it for it in candidates if it.arch_id in measured]
    unknown = [it for it in candidates if it.arch_id not in measured]
    if not unknown:
        return measured
    sizes = np.log([size(it) for it in unknown])
    relative = [math.log(measured[it.arch_id].value / size(it)) for it in known]
    if len(known) < FEWEST_MEASURED:
        centre = sizes.mean()
        middle = math.exp(np.mean(relative) + centre) if known else usual
        values = middle * np.exp(sizes - centre)
        factors = np.full(len(sizes), UNKNOWN_FACTOR)
    else:
        families = sorted({it.structure.family for it in known})
        model = BayesianRidge().fit(_features(known, families), relative)
        means, deviations = model.predict(_features(unknown, families), return_std=True)
        values, factors = np.exp(means + sizes), np.exp(TO_AN_END * deviations)
    return measured | {
        it.arch_id: Cost(value, value / factor, value * factor)
        for it, value, factor in zip(unknown, values.tolist(), factors.tolist(), strict=True)
    }


def _features(candidates: Sequence[Known], families: Sequence[str]) -> Array:
    return np.array(
        [
            [
                math.log(it.structure.macs or 1),
                math.log(it.structure.activations or 1),
                math.log(it.structure.dense_equivalent_depth or 1.0),
                *(it.structure.family == family for family in families),
            ]
            for it in candidates
        ],
        dtype=float,
    )


def _at(cost: Cost, quantile: float) -> float:
    """The cost at a quantile, as if either side of its interval were half a normal one."""
    deviations = float(ndtri(quantile)) / TO_AN_END
    end = cost.high if deviations > 0 else cost.low
    return cost.value + abs(deviations) * (end - cost.value)
