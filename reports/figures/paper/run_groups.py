"""Runs side by side: their fronts, and the hypervolumes of runs that differ in their seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.drawing import drawable, points
from reports.figures.fronts import axes_of
from reports.figures.paper.sizes import (
    NARROW_INCHES,
    fix_text_sizes,
    new_printed_figure,
    printed,
    style_colours,
    width_inches,
)
from reports.figures.style import (
    GREY,
    INK,
    LINE_STYLES,
    MARKERS,
    freeze_layout,
    quantity,
    say_empty,
    scale_cost_axis,
)
from reports.papers.run_groups import RunGroup
from reports.pareto import front
from reports.records import TrialRecord
from reports.run_settings import RunSettings


def comparison_figure(
    groups: Sequence[RunGroup],
    records: Mapping[str, Sequence[TrialRecord]],
    settings: RunSettings,
    width: str | float = "page",
    style: str | Path | None = None,
) -> Figure:
    """The front of every run, and beside them the hypervolumes: dots, median and quartiles.

    A group has one colour, one marker and one kind of line, so that it is told apart in grey too.

    Raises:
        ValueError: a width that is none, or a style sheet that cannot be read.
    """
    inches = width_inches(width)
    narrow = inches < NARROW_INCHES
    with printed(style):
        height = 0.78 * inches + 0.2 * len(groups) if narrow else 0.42 * inches
        figure = new_printed_figure(inches, height + 0.15 * len(groups))
        ratios = (1.8, 0.35 + 0.22 * len(groups)) if narrow else (1.7, 1)
        rows, columns = (2, 1) if narrow else (1, 2)
        kind = "height_ratios" if narrow else "width_ratios"
        fronts, volumes = figure.subplots(rows, columns, gridspec_kw={kind: ratios})
        _draw_fronts(fronts, groups, records, settings)
        _draw_volumes(volumes, groups)
        handles, labels = fronts.get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside lower center", ncols=1 if narrow else 2)
        fix_text_sizes(figure)
        freeze_layout(figure)
    return figure


def _draw_fronts(
    axes: Axes,
    groups: Sequence[RunGroup],
    records: Mapping[str, Sequence[TrialRecord]],
    settings: RunSettings,
) -> None:
    x, y = (quantity(name, settings) for name in axes_of(settings.objectives))
    across = []
    for place, group in enumerate(groups):
        for number, run in enumerate(group.runs):
            best = points(front(drawable(records[run.run], x, y), (x.name, y.name)), x, y)
            if not best:
                continue
            best.sort(reverse=not x.minimised)
            across += [point[0] for point in best]
            axes.step(
                *zip(*best, strict=True),
                where="post",
                color=_colour(place),
                linestyle=LINE_STYLES[place % len(LINE_STYLES)],
                marker=MARKERS[place % len(MARKERS)],
                markersize=2.0,
                linewidth=0.7,
                alpha=1.0 if len(group.runs) == 1 else 0.75,
                label=group.label if number == 0 else None,
            )
    if across:
        scale_cost_axis(axes, across)
    else:
        say_empty(axes, None)
    axes.set_xlabel(x.label)
    axes.set_ylabel(y.label)


def _draw_volumes(axes: Axes, groups: Sequence[RunGroup]) -> None:
    for place, group in enumerate(groups):
        low, high = group.quartiles
        if len(group.runs) > 1:
            axes.plot([low, high], [place, place], color=GREY, lw=4, alpha=0.35, zorder=1)
            axes.plot([group.median] * 2, [place - 0.25, place + 0.25], color=INK, lw=1.2, zorder=3)
        # Side by side where they would cover each other.
        spread = np.linspace(-0.12, 0.12, len(group.runs)) if len(group.runs) > 1 else [0.0]
        axes.plot(
            group.volumes,
            place + np.asarray(spread),
            MARKERS[place % len(MARKERS)],
            color=_colour(place),
            markeredgecolor=INK,
            markeredgewidth=0.4,
            markersize=4,
            zorder=2,
        )
    axes.set_yticks(range(len(groups)), [group.label for group in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.margins(x=0.12)
    axes.set_xlabel("hypervolume\n(bar: quartiles, line: median)")


def _colour(place: int) -> str:
    colours = style_colours()
    return colours[place % len(colours)]
