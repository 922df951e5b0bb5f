"""Names find free places."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from reports.figures.labels import Label, place_labels
from reports.figures.style import freeze_layout, new_figure


@pytest.fixture
def axes() -> Axes:
    figure = new_figure(4.0, 3.0)
    axes = figure.add_subplot(xlim=(0, 10), ylim=(0, 10))
    freeze_layout(figure)
    return axes


def box_of(name: Text) -> Bbox:
    return name.get_window_extent()


def distance_px(name: Text, axes: Axes, x: float, y: float) -> float:
    """From the box of a name to a point."""
    box, point = box_of(name), axes.transData.transform((x, y))
    return float(np.linalg.norm(np.maximum(box.p0 - point, point - box.p1).clip(0)))


def test_a_lonely_name_stands_beside_its_point_with_a_line_to_it(axes: Axes) -> None:
    (name,) = place_labels(axes, [Label("alone", 5, 5)])
    # The radius of the marker is 3 points, and 160 pixels are 72 points.
    assert 3 * 160 / 72 < distance_px(name, axes, 5, 5) < 20
    (line,) = axes.lines
    start, end = axes.transData.transform(line.get_xydata())
    assert tuple(end) == pytest.approx(axes.transData.transform((5, 5)))
    assert box_of(name).padded(1).contains(*start)


def test_names_of_one_point_stand_apart(axes: Axes) -> None:
    first, second, third = place_labels(axes, [Label(text, 5, 5) for text in ("a", "b", "c")])
    assert not box_of(first).overlaps(box_of(second))
    assert not box_of(first).overlaps(box_of(third))
    assert not box_of(second).overlaps(box_of(third))


def test_a_name_in_the_corner_stays_inside(axes: Axes) -> None:
    (name,) = place_labels(axes, [Label("in the corner", 10, 10)])
    assert box_of(name).x1 <= axes.bbox.x1
    assert box_of(name).y1 <= axes.bbox.y1


def test_lines_to_be_avoided_stay_free(axes: Axes) -> None:
    places = [Label("up here", 5, 5), Label("down here", 5.3, 4.7)]
    staircase = np.array([(0, 4.5), (5, 4.5), (5, 5.5), (10, 5.5)])
    corners = axes.transData.transform(staircase)
    for name in place_labels(axes, places, [staircase]):
        for start, end in pairwise(corners):
            level = Bbox.from_extents(*np.minimum(start, end), *np.maximum(start, end))
            assert not box_of(name).overlaps(level)


def test_placing_names_leaves_the_limits_and_so_itself_true(axes: Axes) -> None:
    axes.scatter([0, 10], [0, 10])
    axes.autoscale()
    axes.figure.draw_without_rendering()
    limits = axes.get_xlim(), axes.get_ylim()
    place_labels(axes, [Label("a", 0, 0), Label("b", 10, 10)])
    axes.figure.draw_without_rendering()
    assert (axes.get_xlim(), axes.get_ylim()) == limits


def test_a_label_without_text_only_keeps_its_point_free(axes: Axes) -> None:
    (name,) = place_labels(axes, [Label("name", 5, 5), Label("", 5.5, 5.5, radius_pt=8)])
    # The square inside the disc, three quarters of its radius to each side.
    half_px = 0.75 * 8 * 160 / 72
    x, y = axes.transData.transform((5.5, 5.5))
    marker = Bbox.from_extents(x - half_px, y - half_px, x + half_px, y + half_px)
    assert not box_of(name).overlaps(marker)
    assert place_labels(axes, [Label("", 5, 5)]) == []
    assert place_labels(axes, []) == []


def test_a_crowd_gets_the_same_places_every_time() -> None:
    """Thirty names for points so near to each other that most have to move away."""
    random = np.random.default_rng(0)
    labels = [Label(f"#{number}", *random.normal(5, 0.8, 2)) for number in range(30)]
    runs = []
    for _ in range(2):
        figure = new_figure(8.0, 6.0)
        crowded = figure.add_subplot(xlim=(0, 10), ylim=(0, 10))
        freeze_layout(figure)
        boxes = [box_of(name) for name in place_labels(crowded, labels)]
        assert len(boxes) == 30
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
        runs.append([box.extents.tolist() for box in boxes])
    assert runs[0] == runs[1]
