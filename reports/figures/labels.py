"""Names beside points, placed one after another where they cover the least."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from reports.figures.style import GREY, INK

Array = NDArray[np.float64]

_ANGLES = np.deg2rad(np.arange(90.0, 450.0, 22.5))
_GAPS_PT = np.array([2.0, 7.0, 13.0, 21.0, 31.0, 43.0, 57.0])
_LEADER_FROM_PT = 10.0
_LEADER_STEPS = np.linspace(0.15, 0.85, 8)
_NEIGHBOURHOOD_PT = 40.0
_SIZE_PT = 7.5


@dataclass(frozen=True)
class Label:
    """A text for the point (x, y) in data units, whose marker has a radius in points.

    Without a text, the point is only kept free.
    """

    text: str
    x: float
    y: float
    radius_pt: float = 3.0


def place_labels(
    axes: Axes, labels: Sequence[Label], avoid: Sequence[Bbox] = ()
) -> list[Annotation]:
    """Write the labels into the axes, the most crowded first, each at its best free place.

    The limits of the axes and the layout must be final. `avoid` are boxes in pixels to be
    kept free beside the points. A label that had to move away from its point gets a thin
    line to it.
    """
    if not labels:
        return []
    pixels_per_pt = axes.figure.dpi / 72
    centres = axes.transData.transform([(label.x, label.y) for label in labels])
    # The inscribed square, because the corners of a disc's bounding box are free; tiny
    # markers are the first to vanish below a text, so they claim a little more.
    reaches = np.array([[max(0.75 * label.radius_pt, 2.0) * pixels_per_pt] for label in labels])
    boxes = np.array([box.extents for box in avoid]).reshape(-1, 4)
    page = _Page(axes, np.hstack([centres - reaches, centres + reaches]), boxes)
    distances = np.linalg.norm(centres[:, None] - centres, axis=2)
    neighbours = (distances < _NEIGHBOURHOOD_PT * pixels_per_pt).sum(axis=1)
    return [
        page.write(labels[place], centres[place], int(place))
        for place in np.argsort(-neighbours, kind="stable")
        if labels[place].text
    ]


class _Page:
    """What already stands in the axes, in pixels: boxes (N, 4) as left, bottom, right, top."""

    def __init__(self, axes: Axes, markers: Array, avoid: Array) -> None:
        self._axes = axes
        self._pixels_per_pt = axes.figure.dpi / 72
        self._markers = markers
        self._obstacles = np.vstack([markers, avoid])
        self._texts = np.empty((0, 4))
        self._leaders = np.empty((0, 2))

    def write(self, label: Label, centre: Array, own: int) -> Annotation:
        """Write one label, of the marker number `own`, at the place that costs least."""
        text = self._axes.annotate(
            label.text,
            (label.x, label.y),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=_SIZE_PT,
            color=INK,
            ha="center",
            va="center",
            zorder=7,
            path_effects=[withStroke(linewidth=2, foreground="white")],
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.5, "shrinkA": 0, "shrinkB": 0},
        )
        extent = text.get_window_extent()
        half = np.array([extent.width, extent.height]) / 2
        offsets, gaps = self._candidates(half, label.radius_pt)
        boxes = np.hstack([centre + offsets - half, centre + offsets + half])
        leaders = centre + offsets[:, None] * _LEADER_STEPS[:, None]
        unclear = self._nearer_to_another(boxes, own) & (gaps < _LEADER_FROM_PT)
        best = int(np.argmin(self._costs(boxes, leaders, gaps) + 100.0 * unclear))
        text.set_position(tuple(offsets[best] / self._pixels_per_pt))
        self._texts = np.vstack([self._texts, boxes[best]])
        if gaps[best] >= _LEADER_FROM_PT or unclear[best]:
            self._leaders = np.vstack([self._leaders, leaders[best]])
        elif text.arrow_patch is not None:
            text.arrow_patch.set_visible(False)
        return text

    def _candidates(self, half: Array, radius_pt: float) -> tuple[Array, Array]:
        """Places of the text's centre relative to the point (K, 2), and their gaps (K,) in pt."""
        gaps, angles = (grid.ravel() for grid in np.meshgrid(_GAPS_PT, _ANGLES, indexing="ij"))
        reach = (radius_pt + gaps) * self._pixels_per_pt
        directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return directions * (reach[:, None] + half), gaps

    def _costs(self, boxes: Array, leaders: Array, gaps: Array) -> Array:
        """Pixels covered (K,), texts dearest, plus crossed lines, distance, leaving the frame."""
        frame = self._axes.bbox
        outside = (boxes[:, :2] < frame.p0).any(axis=1) | (boxes[:, 2:] > frame.p1).any(axis=1)
        own = _inside(leaders.reshape(-1, 2), self._texts).sum(axis=1).reshape(len(boxes), -1)
        crossings = _inside(self._leaders, boxes).sum(axis=0)
        crossings = crossings + np.where(gaps >= _LEADER_FROM_PT, own.sum(axis=1), 0)
        costs: Array = _overlaps(boxes, self._obstacles) + 30.0 * _overlaps(boxes, self._texts)
        costs += 60.0 * crossings + 2.0 * gaps + np.where(outside, 1e6, 0.0)
        return costs

    def _nearer_to_another(self, boxes: Array, own: int) -> NDArray[np.bool_]:
        """Which of the boxes (K, 4) stand at least as near to another marker: (K,)."""
        distances = _distances(boxes, self._markers)
        others = np.delete(distances, own, axis=1)
        nearest = others.min(axis=1, initial=np.inf)
        mask: NDArray[np.bool_] = nearest <= distances[:, own]
        return mask


def _distances(boxes: Array, others: Array) -> Array:
    """The free space (K, N) in pixels between the boxes (K, 4) and the others (N, 4)."""
    below = others[:, :2] - boxes[:, None, 2:]
    above = boxes[:, None, :2] - others[:, 2:]
    free: Array = np.linalg.norm(np.maximum(below, above).clip(0), axis=2)
    return free


def _overlaps(boxes: Array, others: Array) -> Array:
    """The area (K,) that each of the boxes (K, 4) shares with all the others (N, 4)."""
    low = np.maximum(boxes[:, None, :2], others[:, :2])
    high = np.minimum(boxes[:, None, 2:], others[:, 2:])
    shared: Array = (high - low).clip(0).prod(axis=2).sum(axis=1)
    return shared


def _inside(points: Array, boxes: Array) -> NDArray[np.bool_]:
    """Which of the points (P, 2) lie in which of the boxes (K, 4): (P, K)."""
    above = (points[:, None] >= boxes[:, :2]).all(axis=2)
    below = (points[:, None] <= boxes[:, 2:]).all(axis=2)
    return np.logical_and(above, below)
