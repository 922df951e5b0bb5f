"""Bubbles whose area is a number of parameters, on one scale for a whole figure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from reports.figures.style import GREY


@dataclass(frozen=True)
class BubbleScale:
    """Area in square points per thousand parameters."""

    largest_k: float
    """Thousands of parameters of the largest bubble."""
    largest_area_pt2: float

    def area_pt2(self, params_k: float) -> float:
        """The area of the bubble, proportional to the parameters."""
        return self.largest_area_pt2 * params_k / self.largest_k

    def radius_pt(self, params_k: float) -> float:
        """The radius of the bubble."""
        return math.sqrt(self.area_pt2(params_k) / math.pi)

    def add_examples(self, axes: Axes) -> list[Artist]:
        """Two bubbles of round sizes without a place, for the legend."""
        largest = _round_down(self.largest_k)
        return [
            axes.scatter(
                [],
                [],
                s=self.area_pt2(size_k),
                facecolors="none",
                edgecolors=GREY,
                linewidths=0.6,
                label=f"{_short(size_k)} parameters",
            )
            for size_k in (largest, largest / 10)
        ]


def bubble_scale(params_k: Sequence[float], largest_area_pt2: float) -> BubbleScale:
    """The scale that gives the most of so many thousand parameters the largest area."""
    return BubbleScale(max(params_k, default=1.0) or 1.0, largest_area_pt2)


def _short(params_k: float) -> str:
    return f"{params_k / 1000:g} M" if params_k >= 1000 else f"{params_k:g} K"


def _round_down(number: float) -> float:
    """The largest of 1, 2 and 4 times a power of ten that is at most `number`."""
    power = 10.0 ** math.floor(math.log10(number))
    return next(digit * power for digit in (4, 2, 1) if digit * power <= number * (1 + 1e-9))
