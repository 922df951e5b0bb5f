"""Pareto mathematics on plain arrays, and the front of a list of records."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reports.records import objective


class Judged(Protocol):
    """A row of a table that may be on a front: a trial, or a network of another origin."""

    @property
    def arch_id(self) -> str | None: ...
    @property
    def state(self) -> str: ...
    @property
    def is_baseline(self) -> bool: ...


Row = TypeVar("Row", bound=Judged)


def non_dominated(points: ArrayLike) -> NDArray[np.bool_]:
    """Which of the points (M, D), every coordinate minimised, no other point dominates: (M,).

    One point dominates another if it is nowhere worse and somewhere better, so equal
    points stand or fall together.

    Raises:
        ValueError: `points` is not two-dimensional or holds a NaN.
    """
    values = _as_points(points)
    candidates = np.arange(len(values))
    position = 0
    while position < len(candidates):
        point = values[candidates[position]]
        rivals = values[candidates]
        kept = ~((rivals >= point).all(axis=1) & (rivals > point).any(axis=1))
        candidates = candidates[kept]
        position = int(np.count_nonzero(kept[:position])) + 1
    mask = np.zeros(len(values), dtype=np.bool_)
    mask[candidates] = True
    return mask


def hypervolume(points: ArrayLike, reference: ArrayLike) -> float:
    """The exact volume that points (M, D), minimised, dominate below `reference` (D,).

    A point that is not better than the reference in every coordinate adds nothing. The
    method is a sweep in two dimensions and slicing along the last axis above that.

    Raises:
        ValueError: the shapes do not fit, or a number is NaN or the reference not finite.
    """
    values = _as_points(points)
    bound = np.asarray(reference, dtype=np.float64)
    if bound.ndim != 1 or not np.isfinite(bound).all():
        raise ValueError(f"the reference must be a finite point (D,), got {reference!r}")
    if len(values) == 0:
        return 0.0
    if values.shape[1] != len(bound) or len(bound) == 0:
        raise ValueError(
            f"points {values.shape} and reference {bound.shape} must have the same dimension"
        )
    inside = values[(values < bound).all(axis=1)]
    return _volume(inside[non_dominated(inside)], bound)


def oriented(records: Sequence[Judged], objectives: Sequence[str]) -> NDArray[np.float64]:
    """The objectives of the records as points (M, D) to be minimised; NaN where unknown.

    Raises:
        ValueError: an unknown objective.
    """
    columns = [objective(name) for name in objectives]
    points = np.full((len(records), len(columns)), np.nan)
    for row, record in enumerate(records):
        for place, column in enumerate(columns):
            value = getattr(record, column.name)
            if value is not None:
                points[row, place] = value if column.direction == "minimise" else -value
    return points


def comparable(records: Sequence[Row], objectives: Sequence[str]) -> list[Row]:
    """The trained records and the bicubic baseline, as far as every objective is known of them."""
    names = [objective(name).name for name in objectives]
    return [
        record
        for record in records
        if (record.state == "trained" or record.is_baseline)
        and all(getattr(record, name) is not None for name in names)
    ]


def front(records: Sequence[Row], objectives: Sequence[str]) -> list[Row]:
    """The non-dominated of the comparable records, cheapest first.

    The order is by the objectives to be minimised, in the order given, then by the others.

    Raises:
        ValueError: no objective, or an unknown one.
    """
    if not objectives:
        raise ValueError("a front needs at least one objective, got none")
    candidates = comparable(records, objectives)
    mask = non_dominated(oriented(candidates, objectives))
    chosen = [candidates[place] for place in np.flatnonzero(mask)]
    costs = [name for name in objectives if objective(name).direction == "minimise"]
    gains = [name for name in objectives if name not in costs]
    keys = oriented(chosen, [*costs, *gains])
    places = sorted(range(len(chosen)), key=lambda i: (*keys[i], chosen[i].arch_id or ""))
    return [chosen[place] for place in places]


def _as_points(points: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(points, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"points must have the shape (M, D), got {values.shape}")
    if np.isnan(values).any():
        raise ValueError("points must not hold NaN; leave out points with unknown coordinates")
    return values


def _volume(points: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """The volume of non-dominated points that all dominate the reference."""
    if len(points) == 0:
        return 0.0
    if points.shape[1] == 1:
        return float(reference[0] - points.min())
    points = points[np.argsort(points[:, -1], kind="stable")]
    depths = np.diff(np.append(points[:, -1], reference[-1]))
    if points.shape[1] == 2:
        widths = reference[0] - np.minimum.accumulate(points[:, 0])
        return float(widths @ depths)
    volume = 0.0
    for count, depth in enumerate(depths, start=1):
        if depth > 0:
            slab = points[:count, :-1]
            volume += float(depth) * _volume(slab[non_dominated(slab)], reference[:-1])
    return volume
