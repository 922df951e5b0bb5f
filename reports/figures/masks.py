"""The spatial masks of a network, drawn over the photographs that it saw."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reports.figures.style import GREY, new_figure

ACTIVE_COLOUR = "#E69F00"
_ACTIVE_RGB = (230, 159, 0)
_TINT = 0.6
_PANEL_INCHES = 1.9


class MaskedPhotograph(Protocol):
    """A photograph and which of its pixels are active in each module."""

    @property
    def name(self) -> str: ...
    @property
    def low(self) -> NDArray[np.uint8]:
        """Shape: (h, w, 3)."""

    @property
    def active(self) -> NDArray[np.bool_]:
        """Shape: (modules, h, w)."""


def mask_figure(photographs: Sequence[MaskedPhotograph], *, name: str) -> Figure:
    """A row for each photograph: itself, the active pixels of each module, and in how many.

    Raises:
        ValueError: there is no photograph.
    """
    if not photographs:
        raise ValueError("masks are drawn over photographs, got none")
    modules = len(photographs[0].active)
    heights = [len(each.low) / each.low.shape[1] for each in photographs]
    figure = new_figure(
        _PANEL_INCHES * (modules + 2), _PANEL_INCHES * sum(heights) + 0.25 * len(heights) + 0.7
    )
    figure.suptitle(f"Masks of {name}", x=0.01, ha="left", fontsize=12, fontweight="bold")
    panels = figure.subplots(len(heights), modules + 2, squeeze=False, height_ratios=heights)
    for row, photograph in zip(panels, photographs, strict=True):
        gray = photograph.low.mean(axis=2).astype(np.uint8)
        row[0].imshow(photograph.low)
        row[0].set_title(photograph.name, fontsize=8)
        for number, (axes, active) in enumerate(zip(row[1:-1], photograph.active, strict=True), 1):
            axes.imshow(tinted(gray, active))
            axes.set_title(f"module {number}: {active.mean():.0%}", fontsize=8)
        count = row[-1].imshow(photograph.active.sum(axis=0), cmap="viridis", vmin=0, vmax=modules)
        row[-1].set_title(f"mean: {photograph.active.mean():.0%}", fontsize=8)
        for axes in row:
            axes.set_axis_off()
    bar = figure.colorbar(count, ax=panels[:, -1], fraction=0.05, ticks=range(modules + 1))
    bar.set_label("modules in which a pixel is active", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    figure.legend(
        handles=[Patch(color=ACTIVE_COLOUR, label="active: sparse channels are computed, too")],
        loc="outside lower left",
        frameon=False,
        fontsize=8,
        labelcolor=GREY,
    )
    return figure


def tinted(gray: NDArray[np.uint8], active: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The photograph in grey, halfway to white so that colour shows, its active pixels coloured.

    Shapes: (h, w), (h, w) -> (h, w, 3).
    """
    plain = (np.repeat(gray[..., None], 3, axis=2).astype(float) + 255) / 2
    coloured = (1 - _TINT) * plain + _TINT * np.array(_ACTIVE_RGB)
    return np.where(active[..., None], coloured, plain).round().astype(np.uint8)
