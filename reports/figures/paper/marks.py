"""What a figure of a front shows beside the front: each kind of network in its own way, bounds,
and what was rejected."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from reports.figures.drawing import (
    Row,
    by_precision,
    draw_front,
    draw_group,
    marker_fill,
    points,
    spans,
)
from reports.figures.labels import Line
from reports.figures.paper.bubbles import BubbleScale
from reports.figures.paper.panels import Panel
from reports.figures.paper.sizes import style_colours
from reports.figures.style import (
    GREY,
    INK,
    PUBLISHED_BLUE,
    PUBLISHED_EDGE,
    FamilyStyle,
    Quantity,
    family_styles,
)
from reports.papers.systems import System
from reports.pareto import front
from reports.ties import psnr_std_db, tie_threshold_db

Bounds = Mapping[str, tuple[float | None, float | None]]

_BAND = "#dcdcdc"
STAR_PT2 = 75.0
_PLAIN_PT2 = 16.0
"""The area of a published model where areas mean nothing."""


def draw_trials(
    axes: Axes, panel: Panel, on_front: Sequence[System], evidence: str, first_colour: int = 0
) -> None:
    """Draw the trials by their family, those of several runs in a colour for each run."""
    trials = [system for system in panel.ours if system.kind == "trial"]
    runs = list(dict.fromkeys(system.run for system in trials))
    colours = style_colours()
    styles = family_styles([system.family or "" for system in trials])
    for place, run in enumerate(runs):
        own = [system for system in trials if system.run == run]
        for family in sorted({system.family or "" for system in own}):
            style = styles[family]
            if len(runs) > 1:
                colour = colours[(first_colour + place) % len(colours)]
                style = FamilyStyle(family, colour, style.marker)
            for precision, group in by_precision(own, family).items():
                parts = [f"{run}: {family}" if len(runs) > 1 else family, precision]
                name = ", ".join(filter(None, parts)) + evidence
                for strong in (True, False):
                    members = [system for system in group if (system in on_front) is strong]
                    label = f"{name}, on the front" if strong else name
                    draw_group(axes, members, panel.x, panel.y, style, strong=strong, label=label)


def draw_checkpoints(axes: Axes, panel: Panel) -> None:
    """Draw networks that were evaluated here, each as a star."""
    chosen = [system for system in panel.ours if system.kind == "checkpoint"]
    for precision, group in _precisions(chosen).items():
        across, up = zip(*points(group, panel.x, panel.y), strict=True)
        axes.scatter(
            across,
            up,
            s=STAR_PT2,
            marker="*",
            **marker_fill(precision, "#D55E00", INK),
            zorder=6,
            label="evaluated here" + ("" if precision is None else f", {precision}"),
        )


def draw_published(axes: Axes, panel: Panel, scale: BubbleScale | None) -> None:
    """Draw published models as bubbles; those of unknown size, and all without a scale, small."""
    models = [system for system in panel.networks if not system.is_ours]
    # The largest first, so that no bubble hides a smaller one.
    for model in sorted(models, key=lambda model: -(model.params or 0)):
        axes.scatter(
            *_columns([model], panel),
            s=area_pt2(model, scale),
            color=PUBLISHED_BLUE,
            edgecolors=PUBLISHED_EDGE,
            linewidths=0.6,
            zorder=2.5,
        )
    if models:
        axes.scatter(
            [],
            [],
            s=30,
            color=PUBLISHED_BLUE,
            edgecolors=PUBLISHED_EDGE,
            linewidths=0.6,
            label="published",
        )


def draw_bubbles_of_ours(axes: Axes, panel: Panel, scale: BubbleScale) -> None:
    """A hollow bubble around each network of ours, as large as its parameters say."""
    for system in panel.ours:
        if system.params:
            axes.scatter(
                *_columns([system], panel),
                s=area_pt2(system, scale),
                facecolors="none",
                edgecolors=GREY,
                linewidths=0.6,
                zorder=2.7,
            )


def area_pt2(system: System, scale: BubbleScale | None) -> float:
    """The area of a published marker, or of the bubble around one of ours."""
    if scale is None or system.params is None:
        return _PLAIN_PT2
    return scale.area_pt2(system.params / 1e3)


def draw_ties(axes: Axes, panel: Panel, staircase: Sequence[Line]) -> float | None:
    """Shade what ties with the front within the noise between training seeds; return how much (dB).

    None, and nothing drawn, where the vertical axis is not PSNR or there is no front.
    """
    best = [it for it in front(panel.ours, (panel.x.name, panel.y.name)) if not it.is_baseline]
    if panel.y.name != "psnr_y_db" or len(best) < 2 or not staircase:
        return None
    noise_db = max(psnr_std_db(system) for system in best)
    threshold_db = tie_threshold_db(noise_db, noise_db)
    first = min(across for across, _ in points(best, panel.x, panel.y))
    corners = [(across, up) for across, up in staircase[0] if across >= first]
    lowest = min(up for _, up in points(best, panel.x, panel.y))
    across, up = zip(*[pair for pair in corners if pair[1] >= lowest], strict=True)
    axes.fill_between(
        across,
        [height - threshold_db for height in up],
        up,
        color=_BAND,
        linewidth=0,
        zorder=0.5,
        label=f"ties with the front, {threshold_db:.2f} dB",
    )
    return threshold_db


def draw_ours_front(axes: Axes, panel: Panel) -> list[Line]:
    """Draw the front of what was measured here, with bicubic where its cost can be drawn."""
    cost = None if panel.baseline is None else panel.x.value(panel.baseline)
    takes_part = panel.baseline is not None and panel.baseline.is_ours and bool(cost)
    candidates = [*panel.ours, *([panel.baseline] if takes_part and panel.baseline else [])]
    if len(candidates) < 2 or not panel.ours:
        return []
    return draw_front(axes, candidates, panel.x, panel.y)


def draw_bounds(axes: Axes, panel: Panel, bounds: Bounds) -> None:
    """A line at each bound of the two axes, and grey beyond it."""
    for quantity, is_across in ((panel.x, True), (panel.y, False)):
        for bound, beyond in zip(bounds.get(quantity.name, (None, None)), (-1, 1), strict=True):
            if bound is None:
                continue
            place = bound / quantity.divisor
            line, shade = (
                (axes.axvline, axes.axvspan) if is_across else (axes.axhline, axes.axhspan)
            )
            low, high = axes.get_xlim() if is_across else axes.get_ylim()
            sign = "≤" if beyond > 0 else "≥"
            line(place, color=INK, ls=":", lw=1.0, zorder=1.5, label=f"bound {sign} {place:g}")
            if low < place < high:
                edge = high if beyond > 0 else low
                shade(min(place, edge), max(place, edge), color="#efefef", zorder=0.2, lw=0)


def draw_infeasible(axes: Axes, panel: Panel) -> None:
    """Crosses along the lower edge for candidates that broke a bound and were never trained."""
    low, high = axes.get_xlim()
    placed = [panel.x.value(system) or math.nan for system in panel.infeasible]
    above = ScaledTranslation(0, 4 / 72, axes.figure.dpi_scale_trans)
    inside = [across for across in placed if low <= across <= high]
    if inside:
        axes.plot(
            inside,
            [0.0] * len(inside),
            transform=axes.get_xaxis_transform() + above,
            marker="x",
            ls="none",
            ms=3,
            mew=0.7,
            color=GREY,
            zorder=3,
            label="infeasible, not trained",
        )


def draw_undecided(axes: Axes, panel: Panel, bounds: Bounds) -> None:
    """A ring around each network whose interval crosses a bound."""
    rows = undecided(panel.ours, panel.x, bounds) + undecided(panel.ours, panel.y, bounds)
    if rows:
        axes.scatter(
            *_columns(rows, panel),
            s=90,
            facecolors="none",
            edgecolors=INK,
            linewidths=0.7,
            linestyle=(0, (2, 1.5)),
            zorder=5.5,
            label="interval crosses a bound",
        )


def undecided(rows: Sequence[Row], quantity: Quantity, bounds: Bounds) -> list[Row]:
    """The rows of which it is not certain whether they keep the bounds of a quantity."""
    limits = [limit for limit in bounds.get(quantity.name, ()) if limit is not None]
    return [
        row
        for row, (below, above) in zip(rows, spans(rows, quantity).T, strict=True)
        if (value := quantity.value(row)) is not None
        and any(value - below < limit / quantity.divisor < value + above for limit in limits)
    ]


def _columns(rows: Sequence[System], panel: Panel) -> tuple[list[float], list[float]]:
    pairs = points(rows, panel.x, panel.y)
    return [across for across, _ in pairs], [up for _, up in pairs]


def _precisions(systems: Sequence[System]) -> dict[str | None, list[System]]:
    """Checkpoints of all families by their precision; all under None where there is but one."""
    if not systems:
        return {}
    names = sorted({system.precision or "float32" for system in systems})
    if len(names) == 1:
        return {None: list(systems)}
    return {n: [it for it in systems if (it.precision or "float32") == n] for n in names}
