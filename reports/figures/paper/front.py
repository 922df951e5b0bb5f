"""Quality against a cost: trials of runs, networks evaluated here, and published models."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.drawing import ON_FRONT_PT2, draw_baseline, intervals, points
from reports.figures.labels import Label, Line, place_labels
from reports.figures.paper.bubbles import BubbleScale, bubble_scale
from reports.figures.paper.marks import (
    STAR_PT2,
    Bounds,
    area_pt2,
    draw_bounds,
    draw_bubbles_of_ours,
    draw_checkpoints,
    draw_infeasible,
    draw_ours_front,
    draw_published,
    draw_ties,
    draw_trials,
    draw_undecided,
)
from reports.figures.paper.panels import Panel, add_axes, panels_of
from reports.figures.paper.sizes import (
    NARROW_INCHES,
    fix_text_sizes,
    new_printed_figure,
    printed,
    text_size_pt,
    width_inches,
)
from reports.figures.style import GREY, freeze_layout, say_empty, scale_cost_axis
from reports.papers.systems import COLUMNS, System
from reports.pareto import front
from reports.records import objective

COMPARABLE_STEPS = 100_000
"""Papers train for half a million steps and more; far fewer are another kind of evidence."""

# A bound is drawn if it lies at most so many times the largest value away.
_NEAR = 3.0
_BESIDE = 1.5
"""The same of what was rejected."""
_LEGEND_INCHES = 2.2
_LEGEND_ORDER = (
    "evaluated", "published", "front", "ties", "bicubic", "bound", "interval", "infeasible",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FrontOptions:
    """What a figure of a front shows, and how large it is."""

    x: str = "macs"
    y: str = "psnr_y_db"
    width: str | float = "page"
    """ "column", "page" or inches."""
    style: str | Path | None = None
    """A style sheet of Matplotlib: a file, or the name of a style."""
    labels: str | Sequence[str] = "auto"
    """ "auto", "all" or "none", or the names of the systems that are labelled. Auto labels all but
    the trials that are not on the front."""
    bubbles: bool | None = None
    """Whether areas show parameters; None: where PSNR is drawn against MACs, as papers do."""
    bounds: Bounds = field(default_factory=dict)
    """The least and the largest value allowed of a column."""
    objectives: tuple[str, ...] | None = None
    """What strong markers are the front of; None: the two columns that are drawn."""
    dpi: float | None = None
    """Pixels per inch where the file has pixels; None: what the style says, 300."""
    title: str = ""
    notes: tuple[str, ...] = ()
    nothing: str | None = None
    """Why there is nothing to draw, if there is nothing."""


def front_figure(systems: Sequence[System], options: FrontOptions) -> Figure:
    """A figure of the systems at the size at which it is printed.

    Each data set gets a panel of its own. A dashed line is bicubic; where the jump from it would
    take much of the figure, the axis is broken.

    Raises:
        ValueError: an unknown column, twice the same, one that no network has, a width that is
            none, or a style sheet that cannot be read.
    """
    if options.x == options.y:
        raise ValueError(f"a plot needs two different columns, got {options.x} twice")
    for name in (options.x, options.y):
        _check_known(name, systems)
    width = width_inches(options.width)
    with printed(options.style):
        panels = panels_of(systems, options.x, options.y)
        panels = [panel for panel in panels if panel.networks] or panels[:1]
        figure = new_printed_figure(width, width, options.dpi)
        also = [
            bound / panels[0].y.divisor
            for bound in options.bounds.get(options.y, ())
            if bound is not None
        ]
        axes_of_panels = add_axes(figure, panels, also)
        scale = _bubble_scale(panels, options, width)
        _scale_across(axes_of_panels[0][0], panels, options)
        drawn = [
            _draw(axes_of_panels[place], panel, options, scale)
            for place, panel in enumerate(panels)
        ]
        every = [axes for parts in axes_of_panels.values() for axes in parts]
        every[-1].set_xlabel(panels[-1].x.label)
        if options.title:
            _add_head(every[0], options, width)
        figure.align_ylabels([parts[0] for parts in axes_of_panels.values()])
        entries = _add_legend(figure, every, scale, width)
        _set_height(figure, width, panels, entries)
        fix_text_sizes(figure)
        freeze_layout(figure)
        for place, panel in enumerate(panels):
            _place_labels(axes_of_panels[place][0], panel, options, scale, drawn[place])
    return figure


def _add_head(axes: Axes, options: FrontOptions, width: float) -> None:
    """A title and grey notes below it, as wide as the axes and not the legend beside them."""
    size_pt = text_size_pt("legend.fontsize")
    room_inches = width - (0.6 if width < NARROW_INCHES else _LEGEND_INCHES)
    columns = round(room_inches * 72 / (0.53 * size_pt))
    lines = [part for note in options.notes for part in textwrap.wrap(note, columns)]
    axes.set_title(options.title, loc="left", fontweight="bold", pad=4 + 1.3 * size_pt * len(lines))
    notes = axes.annotate(
        "\n".join(lines), (0, 1), xycoords="axes fraction", xytext=(0, 3),
        textcoords="offset points", size=size_pt, color=GREY, va="bottom",
    )  # fmt: skip
    # The title's padding keeps their place; as a part of the layout they would narrow the axes.
    notes.set_in_layout(False)


def _check_known(name: str, systems: Sequence[System]) -> None:
    objective(name)
    trained = [it for it in systems if it.state == "trained" and not it.is_baseline]
    if trained and all(getattr(system, name) is None for system in trained):
        columns = [
            column.name
            for column in COLUMNS
            if column.direction is not None and any(_knows(it, column.name) for it in trained)
        ]
        raise ValueError(
            f"a plot needs columns that are known, but no network has {name}; they have "
            f"{', '.join(columns)}"
        )


def _knows(system: System, name: str) -> bool:
    return getattr(system, name) is not None


def shows_bubbles(panels: Sequence[Panel], options: FrontOptions) -> bool:
    """Whether areas show parameters: if asked, or where PSNR is drawn against MACs."""
    known = any(it.params for panel in panels for it in panel.networks)
    default = (options.x, options.y) == ("macs", "psnr_y_db")
    return known and (default if options.bubbles is None else options.bubbles)


def _bubble_scale(
    panels: Sequence[Panel], options: FrontOptions, width: float
) -> BubbleScale | None:
    if not shows_bubbles(panels, options):
        return None
    sizes_k = [it.params / 1e3 for panel in panels for it in panel.networks if it.params]
    return bubble_scale(sizes_k, largest_area_pt2=110.0 if width < NARROW_INCHES else 260.0)


def _scale_across(axes: Axes, panels: Sequence[Panel], options: FrontOptions) -> None:
    """The limits of the shared axis: all networks, and bounds that are not far from them."""
    known = [x for panel in panels for x, _ in points(panel.networks, panel.x, panel.y)]
    for panel in panels:
        cost = None if panel.baseline is None else panel.x.value(panel.baseline)
        known += [cost] if cost and panel.baseline and panel.baseline.is_ours else []
    if not known:
        return
    bounds = [
        bound / panels[0].x.divisor
        for bound in options.bounds.get(options.x, ())
        if bound is not None
    ]
    known += [it for it in bounds if min(known) / _NEAR <= it <= max(known) * _NEAR]
    rejected = [cost for panel in panels for it in panel.infeasible if (cost := panel.x.value(it))]
    known += [cost for cost in rejected if cost <= max(known) * _BESIDE]
    scale_cost_axis(axes, known)
    low, high = min(known), max(known)
    if axes.get_xscale() == "log":
        margin = (high / low) ** 0.07
        axes.set_xlim(low / margin, high * margin)
    else:
        margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_xlim(low - margin, high + margin)


def _draw(
    parts: Sequence[Axes], panel: Panel, options: FrontOptions, scale: BubbleScale | None
) -> list[Line]:
    """Draw a panel, the same in both parts of a broken axis; return what names must not cover."""
    chosen = chosen_front(panel.ours, options)
    staircase: list[Line] = []
    for axes in parts:
        draw_published(axes, panel, scale)
        if scale is not None:
            draw_bubbles_of_ours(axes, panel, scale)
        staircase = draw_ours_front(axes, panel)
        draw_ties(axes, panel, staircase)
        draw_trials(axes, panel, chosen, _evidence(panel))
        draw_checkpoints(axes, panel)
        draw_baseline(axes, panel.baseline, panel.x, panel.y)
        draw_bounds(axes, panel, options.bounds)
        draw_undecided(axes, panel, options.bounds)
    draw_infeasible(parts[-1], panel)
    if not panel.networks:
        say_empty(parts[0], options.nothing)
    parts[0].set_ylabel(panel.y.label)
    return staircase + intervals(chosen, panel.x, panel.y)


def chosen_front(ours: Sequence[System], options: FrontOptions) -> list[System]:
    """What is drawn strongly: the front of what was measured here, in the objectives."""
    known = set(options.objectives or (options.x, options.y))
    return front([it for it in ours if all(_knows(it, name) for name in known)], sorted(known))


def _evidence(panel: Panel) -> str:
    """How long trials were trained, where they stand beside published models."""
    steps = {system.train_steps for system in panel.ours if system.kind == "trial"} - {None}
    beside = any(not system.is_ours for system in panel.networks)
    most = max((step for step in steps if step is not None), default=COMPARABLE_STEPS)
    return f" ({most:,} steps only)" if beside and most < COMPARABLE_STEPS else ""


def _add_legend(
    figure: Figure, every: Sequence[Axes], scale: BubbleScale | None, width: float
) -> int:
    """One legend for all panels, beside them or below; return how many lines it takes below."""
    shown: dict[str, Artist] = {}
    for axes in every:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            shown.setdefault(label, handle)
    ordered = dict(sorted(shown.items(), key=lambda entry: _rank(entry[0])))
    if scale is not None:
        ordered |= {str(bubble.get_label()): bubble for bubble in scale.add_examples(every[0])}
    if not ordered:
        return 0
    handles, labels = list(ordered.values()), list(ordered)
    spacing = {"handletextpad": 0.5, "columnspacing": 1.0, "borderaxespad": 0.2}
    if width < NARROW_INCHES:
        widest = max(map(len, labels))
        columns = 2 if widest * 2 <= 22 * width else 1
        figure.legend(handles, labels, loc="outside lower center", ncols=columns, **spacing)
        return math.ceil(len(labels) / columns)
    figure.legend(handles, labels, loc="outside right upper", labelspacing=0.8, **spacing)
    return 0


def _rank(label: str) -> int:
    places = [place for place, word in enumerate(_LEGEND_ORDER) if label.startswith(word)]
    return places[0] if places else -1


def _set_height(figure: Figure, width: float, panels: Sequence[Panel], legend_lines: int) -> None:
    narrow = width < NARROW_INCHES
    of_axes = 0.68 * width if narrow else min(0.48 * width, 4.0)
    line_inches = 1.5 * text_size_pt("legend.fontsize") / 72
    figure.set_size_inches(width, 0.35 + of_axes * len(panels) + line_inches * legend_lines)


def _place_labels(
    axes: Axes,
    panel: Panel,
    options: FrontOptions,
    scale: BubbleScale | None,
    avoid: Sequence[Line],
) -> None:
    chosen = chosen_front(panel.ours, options)
    labels = []
    for system in panel.networks:
        ((across, up),) = points([system], panel.x, panel.y)
        text = system.name if _is_labelled(system, chosen, options.labels) else ""
        labels.append(Label(text, across, up, _radius_pt(system, scale)))
    place_labels(axes, labels, avoid, size_pt=text_size_pt())


def _is_labelled(system: System, chosen: Sequence[System], labels: str | Sequence[str]) -> bool:
    if labels == "all" or labels == "none":
        return labels == "all"
    if labels == "auto":
        return system.kind != "trial" or system in chosen
    return system.name in labels


def _radius_pt(system: System, scale: BubbleScale | None) -> float:
    areas: Mapping[str, float] = {"checkpoint": STAR_PT2, "trial": ON_FRONT_PT2}
    bubble = 0.0 if scale is None and system.is_ours else area_pt2(system, scale)
    return math.sqrt(max(areas.get(system.kind, 0.0), bubble) / math.pi)
