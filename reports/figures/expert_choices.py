"""Heat maps of the experts that the layers of a network choose."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.figures.style import INK, new_figure, set_titles

MOST_IMAGES = 24
"""So many rows can still be read."""
_LONGEST_NAME = 18
_NARROWEST_INCHES = 2.8
_LETTERS_PER_INCH = 14
"""Of a note."""
_DARK = 0.6
"""From this part of the colour scale on, text is white."""


def expert_heat_maps(
    chosen: NDArray[np.bool_], *, name: str, images: Sequence[str], experts: Sequence[str]
) -> Figure:
    """How often each layer chooses each expert, and which ones it chooses for each image.

    Shape of `chosen`: (images, layers, experts).
    """
    shown = min(len(images), MOST_IMAGES)
    layers = chosen.shape[1]
    widths = max(_NARROWEST_INCHES, 0.8 * len(experts)), max(_NARROWEST_INCHES, 0.42 * layers)
    figure = new_figure(sum(widths) + 2.4, 2.0 + 0.3 * max(layers, shown))
    left, right = figure.subplots(1, 2, width_ratios=widths)
    _draw_shares(left, chosen.mean(axis=0), experts)
    _draw_images(right, chosen[:shown], [_shortened(image) for image in images[:shown]])
    shares = f"share of images, {len(images)} in all, for which each expert is chosen"
    first = f", the first {shown} of {len(images)}" if shown < len(images) else ""
    columns_left, columns_right = (int(_LETTERS_PER_INCH * width) for width in widths)
    set_titles(left, "Experts by layer", [name, shares], columns=columns_left)
    set_titles(
        right, "Experts by image", [f"numbers of the chosen experts{first}"], columns=columns_right
    )
    return figure


def _draw_shares(axes: Axes, shares: NDArray[np.float64], experts: Sequence[str]) -> None:
    texts = [[f"{100 * share:.0f} %" for share in row] for row in shares]
    _draw_cells(axes, shares, texts, "Blues", (0, 1))
    axes.set_xticks(range(len(experts)), [expert.replace(" (", "\n(") for expert in experts])
    axes.set_yticks(range(len(shares)), [str(number + 1) for number in range(len(shares))])
    axes.set_ylabel("layer")


def _draw_images(axes: Axes, chosen: NDArray[np.bool_], images: Sequence[str]) -> None:
    """Each cell has the numbers of the chosen experts, and the colour of their mean."""
    experts = chosen.shape[2]
    numbers = (chosen * np.arange(1, experts + 1)).sum(axis=2) / chosen.sum(axis=2)
    texts = [
        [", ".join(str(expert + 1) for expert in np.flatnonzero(cell)) for cell in row]
        for row in chosen
    ]
    _draw_cells(axes, numbers, texts, "Oranges", (0, experts + 1))
    axes.set_xticks(range(chosen.shape[1]), [str(number + 1) for number in range(chosen.shape[1])])
    axes.set_yticks(range(len(images)), images)
    axes.set_xlabel("layer")


def _draw_cells(
    axes: Axes,
    values: NDArray[np.float64],
    texts: Sequence[Sequence[str]],
    colours: str,
    limits: tuple[float, float],
) -> None:
    low, high = limits
    axes.imshow(values, cmap=colours, vmin=low, vmax=high, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if (value - low) / (high - low) >= _DARK else INK
        text = texts[row][column]
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    rows, columns = values.shape
    axes.set_xticks(np.arange(columns - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(rows - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", lw=1.2)
    axes.tick_params(which="both", length=0, labelsize=8)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
