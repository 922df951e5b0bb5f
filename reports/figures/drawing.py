"""Trials, their front and the bicubic baseline, drawn one way in every figure."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from numpy.typing import NDArray

from reports.figures.labels import Label, Line
from reports.figures.style import GREY, INK, Quantity, family_styles
from reports.pareto import front
from reports.records import TrialRecord

Point = tuple[float, float]


def points(records: Sequence[TrialRecord], x: Quantity, y: Quantity) -> list[Point]:
    """The records as points of the figure; those with an unknown coordinate are left out."""
    pairs = [(x.value(record), y.value(record)) for record in records]
    return [(across, up) for across, up in pairs if across is not None and up is not None]


def drawable(
    records: Sequence[TrialRecord], x: Quantity, y: Quantity
) -> tuple[list[TrialRecord], TrialRecord | None]:
    """The trained networks that can be drawn, and the bicubic baseline if there is one."""
    trained = [
        record
        for record in records
        if record.state == "trained" and not record.is_baseline and points([record], x, y)
    ]
    return trained, next((record for record in records if record.is_baseline), None)


def with_baseline(
    trained: Sequence[TrialRecord], baseline: TrialRecord | None, x: Quantity
) -> list[TrialRecord]:
    """The candidates for the drawn front: bicubic takes part where its cost can be drawn."""
    cost = None if baseline is None else x.value(baseline)
    return (
        [*trained, baseline]
        if baseline is not None and cost is not None and cost > 0
        else [*trained]
    )


def trial_labels(
    trained: Sequence[TrialRecord],
    on_front: Sequence[TrialRecord],
    x: Quantity,
    y: Quantity,
    radius_pt: Callable[[TrialRecord], float] = lambda _: 3.0,
) -> list[Label]:
    """Labels for all trials, with the trial number of the tables on those of the front."""
    labels = []
    for record in trained:
        named = record.trial is not None and record in on_front
        ((across, up),) = points([record], x, y)
        labels.append(Label(f"#{record.trial}" if named else "", across, up, radius_pt(record)))
    return labels


def draw_front(axes: Axes, records: Sequence[TrialRecord], x: Quantity, y: Quantity) -> list[Line]:
    """Draw the front of two quantities as a staircase, and return its line, if there is a point.

    What lies between two points is not known to be reachable, so the line stays level from
    a point to the next one's cost.
    """
    best = points(front(records, (x.name, y.name)), x, y)
    best.sort(reverse=not x.minimised)
    if not best:
        return []
    corners = [best[0]]
    for across, up in best[1:]:
        corners += [(across, corners[-1][1]), (across, up)]
    worst = (max if x.minimised else min)(across for across, _ in points(records, x, y))
    corners.append((worst, corners[-1][1]))
    axes.plot(*zip(*corners, strict=True), color=INK, lw=1.2, zorder=3, label="front")
    return [np.array(corners)]


def draw_trials(
    axes: Axes,
    records: Sequence[TrialRecord],
    on_front: Sequence[TrialRecord],
    x: Quantity,
    y: Quantity,
) -> None:
    """Draw each trained trial by its family: strong on the front, faint elsewhere.

    Where there are several precisions, the markers of float32 are full, of others hollow.
    """
    for family, style in family_styles([record.family for record in records]).items():
        for precision, members in by_precision(records, family).items():
            for strong in (False, True):
                group = [record for record in members if (record in on_front) is strong]
                if not group:
                    continue
                name = family if precision is None else f"{family}, {precision}"
                axes.scatter(
                    *_columns(points(group, x, y)),
                    s=34 if strong else 22,
                    marker=style.marker,
                    **marker_fill(precision, style.colour, INK if strong else "none"),
                    alpha=1.0 if strong else 0.35,
                    zorder=5 if strong else 2,
                    label=f"{name}, on the front" if strong else name,
                )
                _draw_errors(axes, group, x, y, style.colour, strong)


def by_precision(
    records: Sequence[TrialRecord], family: str
) -> Mapping[str | None, list[TrialRecord]]:
    """The records of a family by their precision; all under None where there is but one."""
    members = [record for record in records if record.family == family]
    if len({record.precision for record in records}) < 2:
        return {None: members}
    names = sorted({record.precision or "float32" for record in members})
    return {
        name: [record for record in members if (record.precision or "float32") == name]
        for name in names
    }


def marker_face(precision: str | None, colour: str) -> str:
    """What fills a marker: its colour for float32, a pale one for bfloat16, white for int8."""
    red, green, blue = (1 - 0.35 * (1 - part) for part in to_rgb(colour))
    return {"int8": "white", "bfloat16": to_hex((red, green, blue))}.get(
        precision or "float32", colour
    )


def marker_fill(precision: str | None, colour: str, edge: str) -> dict[str, Any]:
    """The colours of markers; those that are not full need an edge to be seen."""
    face = marker_face(precision, colour)
    is_full = face == colour
    return {
        "facecolors": face,
        "edgecolors": edge if is_full else colour,
        "linewidths": 0.6 if is_full else 1.2,
    }


def draw_baseline(axes: Axes, baseline: TrialRecord | None, x: Quantity, y: Quantity) -> None:
    """Draw bicubic as a dashed line at its quality, and a cross where its cost is known."""
    height = None if baseline is None else y.value(baseline)
    if baseline is None or height is None:
        return
    label = f"bicubic, {height:.4g}"
    if not y.minimised:
        axes.axhline(height, color=GREY, ls="--", lw=1.0, zorder=1, label=label)
    across = x.value(baseline)
    if across is not None and across > 0:
        axes.plot(
            across, height, "x", color=GREY, ms=6, zorder=3, label=label if y.minimised else None
        )


def intervals(records: Sequence[TrialRecord], x: Quantity, y: Quantity) -> list[Line]:
    """The bars across of the records, of two corners each."""
    return [
        np.array([(across - below, up), (across + above, up)])
        for (across, up), (below, above) in zip(
            points(records, x, y), _spans(records, x.name).T, strict=True
        )
        if not np.isnan(below)
    ]


def _draw_errors(
    axes: Axes,
    records: Sequence[TrialRecord],
    x: Quantity,
    y: Quantity,
    colour: str,
    strong: bool,
) -> None:
    """Latency's 95 % interval, and one standard deviation of PSNR between training seeds."""
    wide, high = _spans(records, x.name), _spans(records, y.name)
    if not np.isnan([wide, high]).all():
        axes.errorbar(
            *_columns(points(records, x, y)),
            xerr=wide,
            yerr=high,
            fmt="none",
            ecolor=colour,
            elinewidth=1.0,
            capsize=2 if strong else 0,
            alpha=0.9 if strong else 0.3,
            zorder=4 if strong else 1.5,
        )


def _spans(records: Sequence[TrialRecord], name: str) -> NDArray[np.float64]:
    """How far the bars of a column reach below and above its values (2, M); NaN for no bar."""
    return np.array([_span(record, name) for record in records]).reshape(-1, 2).T


def _span(record: TrialRecord, name: str) -> Point:
    if name == "psnr_y_db" and record.psnr_y_std_db is not None:
        return record.psnr_y_std_db, record.psnr_y_std_db
    middle, low, high = record.latency_ms, record.latency_ci_low_ms, record.latency_ci_high_ms
    if name == "latency_ms" and middle is not None and low is not None and high is not None:
        # A bootstrap interval need not contain the estimate, but a bar cannot be negative.
        return max(middle - low, 0.0), max(high - middle, 0.0)
    return math.nan, math.nan


def _columns(pairs: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [across for across, _ in pairs], [up for _, up in pairs]
