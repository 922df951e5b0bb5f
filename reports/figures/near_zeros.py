"""How many activations of a network are near zero, in which regions and in which channels."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from reports.figures.style import GREY, add_legend, new_figure

_COLOURS = ("#6e6e6e", "#D55E00", "#0072B2")
_RGB = ((110, 110, 110), (213, 94, 0), (0, 114, 178))
_TINT = 0.5


def near_zero_figure(
    shares: Sequence[NDArray[np.float64]],
    photograph: NDArray[np.uint8],
    regions: Mapping[str, NDArray[np.bool_]],
    *,
    title: str,
    notes: Sequence[str],
) -> Figure:
    """A photograph's regions, the mean share by layer, and the share of every channel.

    Shapes: the shares of each layer (regions, channels), the photograph (h, w, 3), its regions
    (h, w) each. There are up to three regions; the channels of a layer are drawn in the order of
    their mean share.
    """
    lines = [part for line in notes for part in textwrap.wrap(line, 150)]
    heights = 0.5 + 0.16 * len(lines), 3.6, 1.3 + min(4.0, 0.16 * len(shares))
    figure = new_figure(11.0, sum(heights))
    header, upper, lower = figure.subfigures(3, 1, squeeze=False, height_ratios=heights)[:, 0]
    header.text(0.01, 0.9, title, fontsize=12, fontweight="bold", va="top")
    header.text(0.01, 0.05, "\n".join(lines), fontsize=8, color=GREY, va="bottom")
    left, right = upper.subplots(1, 2, width_ratios=(1, 1.2))
    _draw_regions(left, photograph, regions)
    _draw_layers(right, shares, list(regions))
    _draw_channels(lower, shares, list(regions))
    return figure


def _draw_regions(
    axes: Axes, photograph: NDArray[np.uint8], regions: Mapping[str, NDArray[np.bool_]]
) -> None:
    shown = np.repeat(photograph.mean(axis=2, keepdims=True), 3, axis=2)
    for colour, inside in list(zip(_RGB, regions.values(), strict=False))[1:]:
        shown[inside] = (1 - _TINT) * shown[inside] + _TINT * np.array(colour)
    axes.imshow(shown.round().astype(np.uint8))
    axes.set_axis_off()
    handles = [
        Patch(color=colour, label=f"{name}, {inside.mean():.0%}")
        for colour, (name, inside) in zip(_COLOURS, regions.items(), strict=False)
    ]
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=len(handles),
        frameon=False,
        fontsize=8,
    )


def _draw_layers(axes: Axes, shares: Sequence[NDArray[np.float64]], names: Sequence[str]) -> None:
    layers = range(1, len(shares) + 1)
    for place, name in enumerate(names):
        means = [of_layer[place].mean() for of_layer in shares]
        axes.plot(layers, means, "o-", color=_COLOURS[place], ms=3, lw=1.2, label=name)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("layer, in the order of their calls")
    axes.set_ylabel("activations near zero, mean over channels")
    axes.grid(True, lw=0.4, alpha=0.4)
    add_legend(axes)


def _draw_channels(
    figure: SubFigure, shares: Sequence[NDArray[np.float64]], names: Sequence[str]
) -> None:
    panels = figure.subplots(1, len(names), sharey=True)
    widest = max(of_layer.shape[1] for of_layer in shares)
    maps = np.full((len(names), len(shares), widest), np.nan)
    for row, of_layer in enumerate(shares):
        order = np.argsort(np.nanmean(of_layer, axis=0))
        maps[:, row, : len(order)] = of_layer[:, order]
    extent = (0.5, widest + 0.5, len(shares) + 0.5, 0.5)
    for axes, name, of_region in zip(panels, names, maps, strict=True):
        image = axes.imshow(of_region, aspect="auto", vmin=0, vmax=1, cmap="cividis", extent=extent)
        axes.set_facecolor("#e6e6e6")
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("channel, sorted by its mean")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
    panels[0].set_ylabel("layer")
    bar = figure.colorbar(image, ax=panels, fraction=0.03, format=PercentFormatter(1))
    bar.set_label("near zero", fontsize=8)
