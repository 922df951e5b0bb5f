"""Trials, their front and the bicubic baseline, drawn one way in every figure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from numpy.typing import NDArray

from reports.columns import columns_of
from reports.figures.labels import Line
from reports.figures.style import GREY, INK, FamilyStyle, Quantity
from reports.pareto import front
from reports.records import TrialRecord

Point = tuple[float, float]

_PRECISIONS = next(it.choices for it in columns_of(TrialRecord) if it.name == "precision")
"""The least compressed first."""

ON_FRONT_PT2, OFF_FRONT_PT2 = 26.0, 13.0
"""Areas of markers."""


class Drawn(Protocol):
    """A row of a table as a figure needs it."""

    @property
    def arch_id(self) -> str | None: ...
    @property
    def family(self) -> str | None: ...
    @property
    def state(self) -> str: ...
    @property
    def is_baseline(self) -> bool: ...
    @property
    def precision(self) -> str | None: ...
    @property
    def psnr_y_std_db(self) -> float | None: ...
    @property
    def latency_ms(self) -> float | None: ...
    @property
    def latency_ci_low_ms(self) -> float | None: ...
    @property
    def latency_ci_high_ms(self) -> float | None: ...


Row = TypeVar("Row", bound=Drawn)


def points(rows: Sequence[Drawn], x: Quantity, y: Quantity) -> list[Point]:
    """The rows as points of the figure; those with an unknown coordinate are left out."""
    pairs = [(x.value(row), y.value(row)) for row in rows]
    return [(across, up) for across, up in pairs if across is not None and up is not None]


def drawable(rows: Sequence[Row], x: Quantity, y: Quantity) -> list[Row]:
    """The trained networks of which both coordinates are known."""
    return [
        row
        for row in rows
        if row.state == "trained" and not row.is_baseline and points([row], x, y)
    ]


def draw_front(axes: Axes, rows: Sequence[Drawn], x: Quantity, y: Quantity) -> list[Line]:
    """Draw the front of two quantities as a staircase, and return its line, if there is one.

    What lies between two points is not known to be reachable, so the line stays level from
    a point to the next one's cost.
    """
    best = points(front(rows, (x.name, y.name)), x, y)
    best.sort(reverse=not x.minimised)
    if not best:
        return []
    corners = [best[0]]
    for across, up in best[1:]:
        corners += [(across, corners[-1][1]), (across, up)]
    worst = (max if x.minimised else min)(across for across, _ in points(rows, x, y))
    corners.append((worst, corners[-1][1]))
    if len(set(corners)) > 1:
        axes.plot(*zip(*corners, strict=True), color=INK, lw=1.0, zorder=3, label="front")
    return [np.array(corners)]


def draw_group(
    axes: Axes,
    rows: Sequence[Drawn],
    x: Quantity,
    y: Quantity,
    style: FamilyStyle,
    *,
    strong: bool,
    label: str,
) -> None:
    """Draw rows of one precision: strong on the front; elsewhere small, pale and edged in grey.

    The grey edge keeps them visible where colours are printed in grey.
    """
    if not rows:
        return
    precision = rows[0].precision
    # A hollow marker has less of its colour to be seen by.
    pale = 0.5 if marker_face(precision, style.colour) == style.colour else 0.75
    colour = style.colour if strong else paler(style.colour, pale)
    axes.scatter(
        *_columns(points(rows, x, y)),
        s=ON_FRONT_PT2 if strong else OFF_FRONT_PT2,
        marker=style.marker,
        **marker_fill(precision, colour, INK if strong else GREY),
        zorder=5 if strong else 4,
        label=label,
    )
    _draw_errors(axes, rows, x, y, colour, strong)


def by_precision(rows: Sequence[Row], family: str | None) -> Mapping[str | None, list[Row]]:
    """The rows of a family by their precision; all under None where there is but one."""
    members = [row for row in rows if row.family == family]
    if len({row.precision for row in rows}) < 2:
        return {None: members}
    known = {row.precision or "float32" for row in members}
    names = [name for name in _PRECISIONS if name in known]
    return {
        name: [row for row in members if (row.precision or "float32") == name] for name in names
    }


def paler(colour: str, part: float) -> str:
    """A colour mixed with white, of which only `part` is left."""
    red, green, blue = (1 - part * (1 - value) for value in to_rgb(colour))
    return to_hex((red, green, blue))


def marker_face(precision: str | None, colour: str) -> str:
    """What fills a marker: its colour for float32, a pale one for bfloat16, white for int8."""
    faces = {"int8": "white", "bfloat16": paler(colour, 0.35)}
    return faces.get(precision or "float32", colour)


def marker_fill(precision: str | None, colour: str, edge: str) -> dict[str, Any]:
    """The colours of markers; those that are not full need an edge to be seen."""
    face = marker_face(precision, colour)
    is_full = face == colour
    return {
        "facecolors": face,
        "edgecolors": edge if is_full else colour,
        "linewidths": 0.6 if is_full else 1.2,
    }


def draw_baseline(axes: Axes, baseline: Drawn | None, x: Quantity, y: Quantity) -> None:
    """Draw bicubic as a dashed line at its quality, and a cross where its cost is known."""
    height = None if baseline is None else y.value(baseline)
    if baseline is None or height is None:
        return
    label = f"bicubic, {height:.4g}" + (" dB" if y.name == "psnr_y_db" else "")
    if not y.minimised:
        axes.axhline(height, color=GREY, ls="--", lw=0.9, zorder=1, label=label)
    across = x.value(baseline)
    if across is not None and across > 0:
        axes.plot(
            across, height, "x", color=GREY, ms=5, zorder=3, label=label if y.minimised else None
        )


def intervals(rows: Sequence[Drawn], x: Quantity, y: Quantity) -> list[Line]:
    """The bars across of the rows, of two corners each."""
    return [
        np.array([(across - below, up), (across + above, up)])
        for (across, up), (below, above) in zip(points(rows, x, y), spans(rows, x).T, strict=True)
        if not np.isnan(below)
    ]


def _draw_errors(
    axes: Axes, rows: Sequence[Drawn], x: Quantity, y: Quantity, colour: str, strong: bool
) -> None:
    """Latency's 95 % interval, and one standard deviation of PSNR between training seeds."""
    wide, high = spans(rows, x), spans(rows, y)
    if not np.isnan([wide, high]).all():
        axes.errorbar(
            *_columns(points(rows, x, y)),
            xerr=wide,
            yerr=high,
            fmt="none",
            ecolor=colour,
            elinewidth=0.9 if strong else 0.6,
            capsize=1.5 if strong else 0,
            zorder=3.5 if strong else 2,
        )


def spans(rows: Sequence[Drawn], quantity: Quantity) -> NDArray[np.float64]:
    """How far the bars of a quantity reach below and above its values (2, M); NaN for no bar."""
    return np.array([_span(row, quantity.name) for row in rows]).reshape(-1, 2).T


def _span(row: Drawn, name: str) -> Point:
    if name == "psnr_y_db" and row.psnr_y_std_db is not None:
        return row.psnr_y_std_db, row.psnr_y_std_db
    middle, low, high = row.latency_ms, row.latency_ci_low_ms, row.latency_ci_high_ms
    if name == "latency_ms" and middle is not None and low is not None and high is not None:
        # A bootstrap interval need not contain the estimate, but a bar cannot be negative.
        return max(middle - low, 0.0), max(high - middle, 0.0)
    return math.nan, math.nan


def _columns(pairs: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [across for across, _ in pairs], [up for _, up in pairs]
