"""Bubbles whose area is a number of parameters, and their part of a legend."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.legend import Legend

from reports.figures.style import GREY


@dataclass(frozen=True)
class BubbleScale:
    """Area in square points per thousand parameters, one factor for a whole panel."""

    largest_k: float
    """Thousands of parameters of the largest bubble."""
    largest_area_pt2: float

    def area_pt2(self, params_k: float) -> float:
        """The area of the bubble, proportional to the parameters."""
        return self.largest_area_pt2 * params_k / self.largest_k

    def radius_pt(self, params_k: float) -> float:
        """The radius of the bubble."""
        return math.sqrt(self.area_pt2(params_k) / math.pi)

    def legend(self, axes: Axes) -> Legend:
        """Three bubbles of round sizes, to be added beside the lower right of the axes."""
        largest = _round_down(self.largest_k)
        sizes = (largest, largest / 4, largest / 20)
        bubbles = [
            axes.scatter([], [], s=self.area_pt2(size_k), facecolors="none", edgecolors=GREY)
            for size_k in sizes
        ]
        return Legend(
            axes,
            bubbles,
            [f"{size_k:,g} K" for size_k in sizes],
            title="parameters",
            loc="lower left",
            bbox_to_anchor=(1.01, 0.0),
            borderaxespad=0.0,
            labelspacing=1.6,
            alignment="left",
            frameon=False,
            fontsize=8,
            title_fontsize=8,
        )


def bubble_scale(params_k: Sequence[float], largest_area_pt2: float = 400.0) -> BubbleScale:
    """The scale that gives the most of so many thousand parameters the largest area."""
    return BubbleScale(max(params_k, default=1.0) or 1.0, largest_area_pt2)


def _round_down(number: float) -> float:
    """The largest of 1, 2 and 4 times a power of ten that is at most `number`."""
    power = 10.0 ** math.floor(math.log10(number))
    return next(digit * power for digit in (4, 2, 1) if digit * power <= number * (1 + 1e-9))
