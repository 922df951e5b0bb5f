"""One panel for each data set, since decibels of different images do not compare, and in each an
axis that is broken where the jump from the baseline would take half of the figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.drawing import Point, drawable, points, spans
from reports.figures.style import Quantity, worded_quantity
from reports.papers.systems import System, same_values

# The gap to the baseline is cut out where it exceeds this part of what the networks span.
_LARGEST_GAP = 0.6
# Of the networks' part of a panel, the height of the baseline's.
_BASELINE_PART = 0.14
_MARGIN = 0.09
_LEAST_SPAN = 0.2
"""In the unit of the axis, so that a single network still has an axis around it."""


@dataclass(frozen=True)
class Panel:
    """What is drawn of one data set at one scale."""

    data: str | None
    scale: int | None
    x: Quantity
    y: Quantity
    networks: tuple[System, ...]
    """Trained ones of which both coordinates are known."""
    baseline: System | None
    infeasible: tuple[System, ...]
    """Those whose place across is known."""

    @property
    def ours(self) -> list[System]:
        """Those that were measured or evaluated here."""
        return [system for system in self.networks if system.is_ours]

    def ranges(self, also: Sequence[float] = ()) -> list[Point]:
        """The limits of the vertical axis: one pair, or a second below it for the baseline.

        `also` are heights of bounds that are to be seen.
        """
        highs = spans(self.networks, self.y)
        known = [up for _, up in points(self.networks, self.x, self.y)]
        reach = [
            end
            for up, below, above in zip(known, *highs, strict=True)
            for end in (up, up - below, up + above)
            if end == end
        ]
        heights = [*reach, *also]
        base = None if self.baseline is None else self.y.value(self.baseline)
        if not heights:
            return [_widened(base, base)] if base is not None else [(0.0, 1.0)]
        low, high = min(heights), max(heights)
        span = max(high - low, _LEAST_SPAN)
        if base is None or (self.y.minimised and self.x.value(self.baseline) is None):
            return [_widened(low, high)]
        if self.y.minimised or low - base <= _LARGEST_GAP * span:
            return [_widened(min(low, base), max(high, base))]
        upper = _widened(low, high)
        half = _BASELINE_PART * (upper[1] - upper[0]) / 2
        return [upper, (base - half, base + half)]


def panels_of(systems: Sequence[System], x: str, y: str) -> list[Panel]:
    """The panels, in the order in which their data sets occur; at least one, maybe empty.

    Raises:
        ValueError: no objective has such a name.
    """
    keys = dict.fromkeys((system.data, system.scale) for system in systems) or {(None, None): None}
    return [
        _panel([it for it in systems if (it.data, it.scale) == key], x, y, *key) for key in keys
    ]


def _panel(systems: Sequence[System], x: str, y: str, data: str | None, scale: int | None) -> Panel:
    ours = [system for system in systems if system.kind == "trial" and not system.is_baseline]
    targets = same_values(ours, "target")
    target = str(targets[0]) if len(targets) == 1 else None
    across, up = (worded_quantity(name, data=data, scale=scale, target=target) for name in (x, y))
    # What was measured here before what is printed.
    baselines = sorted((it for it in systems if it.is_baseline), key=lambda it: not it.is_ours)
    infeasible = [it for it in systems if it.state == "infeasible" and across.value(it)]
    return Panel(
        data,
        scale,
        across,
        up,
        tuple(drawable(systems, across, up)),
        next((it for it in baselines if up.value(it) is not None), None),
        tuple(infeasible),
    )


def add_axes(
    figure: Figure, panels: Sequence[Panel], also: Sequence[float]
) -> Mapping[int, list[Axes]]:
    """The axes of each panel by its place, from the top; they share the horizontal axis."""
    ranges = [panel.ranges(also) for panel in panels]
    heights = [high - low for parts in ranges for low, high in parts]
    firsts = [parts[0][1] - parts[0][0] for parts in ranges for _ in parts]
    ratios = [height / first for height, first in zip(heights, firsts, strict=True)]
    grid = figure.add_gridspec(len(ratios), 1, height_ratios=ratios)
    made: list[Axes] = []
    found: dict[int, list[Axes]] = {}
    for place, parts in enumerate(ranges):
        for low, high in parts:
            axes = figure.add_subplot(grid[len(made), 0], sharex=made[0] if made else None)
            axes.set_ylim(low, high)
            made.append(axes)
            found.setdefault(place, []).append(axes)
        _mark_break(found[place])
    for axes in made[:-1]:
        axes.tick_params(labelbottom=False)
    return found


def _mark_break(parts: Sequence[Axes]) -> None:
    """Take away the edges between the two parts of an axis, and mark where it is cut."""
    if len(parts) < 2:
        return
    upper, lower = parts
    upper.spines["bottom"].set_visible(False)
    lower.spines["top"].set_visible(False)
    upper.tick_params(bottom=False, which="both")
    low, high = lower.get_ylim()
    lower.set_yticks([round((low + high) / 2, 2)])
    cut: dict[str, Any] = {
        "marker": [(-1.0, -0.6), (1.0, 0.6)],
        "markersize": 5,
        "linestyle": "none",
        "color": upper.spines["left"].get_edgecolor(),
        "mew": 0.7,
        "clip_on": False,
    }
    upper.plot([0, 1], [0, 0], transform=upper.transAxes, **cut)
    lower.plot([0, 1], [1, 1], transform=lower.transAxes, **cut)


def _widened(low: float, high: float) -> Point:
    span = max(high - low, _LEAST_SPAN)
    middle = (low + high) / 2
    half = span * (0.5 + _MARGIN)
    return middle - half, middle + half
