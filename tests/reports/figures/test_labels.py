"""Names find free places."""

import pytest
from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from reports.figures.labels import Label, place_labels
from reports.figures.style import freeze_layout, new_figure


@pytest.fixture
def axes() -> Axes:
    figure = new_figure(4.0, 3.0)
    axes = figure.add_subplot(xlim=(0, 10), ylim=(0, 10))
    freeze_layout(figure)
    return axes


def box_of(name: Annotation) -> Bbox:
    """The text alone, without the line to its point."""
    return Text.get_window_extent(name)


def has_line(name: Annotation) -> bool:
    return name.arrow_patch is not None and name.arrow_patch.get_visible()


def test_a_lonely_name_stands_above_its_point_without_a_line(axes: Axes) -> None:
    (name,) = place_labels(axes, [Label("alone", 5, 5)])
    x, y = axes.transData.transform((5, 5))
    box = box_of(name)
    assert (box.x0 + box.x1) / 2 == pytest.approx(x, abs=1)
    assert 0 < box.y0 - y < 20
    assert not has_line(name)


def test_names_of_one_point_stand_apart(axes: Axes) -> None:
    first, second, third = place_labels(axes, [Label(text, 5, 5) for text in ("a", "b", "c")])
    assert not box_of(first).overlaps(box_of(second))
    assert not box_of(first).overlaps(box_of(third))
    assert not box_of(second).overlaps(box_of(third))


def test_a_name_in_the_corner_stays_inside(axes: Axes) -> None:
    (name,) = place_labels(axes, [Label("in the corner", 10, 10)])
    assert box_of(name).x1 <= axes.bbox.x1
    assert box_of(name).y1 <= axes.bbox.y1


def test_what_is_to_be_avoided_stays_free(axes: Axes) -> None:
    x, y = axes.transData.transform((5, 5))
    wall = Bbox.from_extents(x - 60, y - 60, x + 60, y + 60)
    (name,) = place_labels(axes, [Label("away", 5, 5)], [wall])
    assert not box_of(name).overlaps(wall)
    assert has_line(name)


def test_a_label_without_text_only_keeps_its_point_free(axes: Axes) -> None:
    (name,) = place_labels(axes, [Label("name", 5, 5), Label("", 5, 5.5, radius_pt=8)])
    assert not box_of(name).contains(*axes.transData.transform((5, 5.5)))
    assert place_labels(axes, []) == []
