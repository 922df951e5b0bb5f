"""Names beside points, where they cover the least."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import textalloc
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from numpy.typing import NDArray

from reports.figures.style import GREY, INK

Line = NDArray[np.float64]
"""Corners, (N, 2) in data units."""

_SIZE_PT = 7.5

# Shares of the figure's width and height.
_MARGIN = 0.002
_NEAREST, _FURTHEST = 0.004, 0.15

# Of 200 places, those of a crowded front lie twice as far away and cover more.
_PLACES = 1000


@dataclass(frozen=True)
class Label:
    """A text for the point (x, y) in data units, whose marker has a radius in points.

    Without a text, the point is only kept free.
    """

    text: str
    x: float
    y: float
    radius_pt: float = 3.0

    @property
    def kept_free_pt(self) -> float:
        """Half the side of the square around the point that other texts leave free.

        It is the square inside the disc, because the corners of the one around it are free; tiny
        markers are the first to vanish below a text, so they claim a little more.
        """
        return max(0.75 * self.radius_pt, 2.0)


def place_labels(
    axes: Axes, labels: Sequence[Label], avoid: Sequence[Line] = (), *, size_pt: float = _SIZE_PT
) -> list[Text]:
    """Write the labels into the axes, each with a thin line to its point.

    The limits of the axes and the layout must be final. No label is written over another, and as
    long as there is place elsewhere, none over points, over the lines to other labels and over
    those to `avoid`.
    """
    named = [label for label in labels if label.text]
    if not named:
        return []
    # The lines to the points are data to matplotlib, which would move the limits.
    axes.autoscale(False)
    pixels_per_pt = axes.figure.dpi / 72
    texts: list[Text] = textalloc.allocate(
        axes,
        [label.x for label in named],
        [label.y for label in named],
        [label.text for label in named],
        x_scatter=[label.x for label in labels],
        y_scatter=[label.y for label in labels],
        scatter_sizes=[pixels_per_pt * label.kept_free_pt for label in labels],
        text_scatter_sizes=[pixels_per_pt * label.radius_pt for label in named],
        x_lines=[line[:, 0] for line in avoid] or None,
        y_lines=[line[:, 1] for line in avoid] or None,
        margin=_MARGIN,
        min_distance=_NEAREST,
        max_distance=_FURTHEST,
        nbr_candidates=_PLACES,
        avoid_label_lines_overlap=True,
        avoid_crossing_label_lines=True,
        textsize=size_pt,
        textcolor=INK,
        linecolor=GREY,
        linewidth=0.5,
        zorder=7,
        path_effects=[withStroke(linewidth=2, foreground="white")],
    )[2]
    return texts
