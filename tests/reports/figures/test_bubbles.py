"""Bubbles obey the area of a circle."""

import math

import pytest
from matplotlib.figure import Figure
from reports.figures.bubbles import bubble_scale


def test_area_follows_the_parameters() -> None:
    scale = bubble_scale([10.0, 40.0], largest_area_pt2=100.0)
    assert scale.area_pt2(40) == 100
    assert scale.area_pt2(10) == 25
    assert scale.radius_pt(40) == pytest.approx(10 / math.sqrt(math.pi))
    assert scale.radius_pt(10) == pytest.approx(scale.radius_pt(40) / 2)


@pytest.mark.parametrize(
    ("largest_k", "texts"),
    [
        (1774.0, ["1,000 K", "250 K", "50 K"]),
        (40.0, ["40 K", "10 K", "2 K"]),
        (0.25, ["0.2 K", "0.05 K", "0.01 K"]),
    ],
)
def test_the_legend_has_round_sizes(largest_k: float, texts: list[str]) -> None:
    legend = bubble_scale([largest_k]).legend(Figure().add_subplot())
    assert [text.get_text() for text in legend.get_texts()] == texts


@pytest.mark.parametrize("params_k", [[], [0.0]])
def test_no_parameters_still_make_a_scale(params_k: list[float]) -> None:
    assert bubble_scale(params_k).area_pt2(0) == 0
