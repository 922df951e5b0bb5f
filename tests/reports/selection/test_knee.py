"""The knee, by hand and by the rules that its definition implies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.selection import knee_distances

CONVEX = np.array([[10.0, -30.0], [20.0, -32.0], [40.0, -33.0], [110.0, -34.0]])
"""Scaled: costs 0, 0.1, 0.3, 1 and what is missing of the quality 1, 0.5, 0.25, 0."""


def test_the_distances_are_those_of_hand_arithmetic() -> None:
    expected = [0, 0.4 / math.sqrt(2), 0.45 / math.sqrt(2), 0]
    assert knee_distances(CONVEX) == pytest.approx(expected)


def test_a_point_above_the_line_has_a_negative_distance() -> None:
    # Costs 0, 0.5, 1; missing 1, 0.75, 0: a quarter too much.
    bulging = np.array([[0.0, 4.0], [5.0, 3.0], [10.0, 0.0]])
    assert knee_distances(bulging) == pytest.approx([0, -0.25 / math.sqrt(2), 0])


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.ones((1, 2)), np.ones((3, 2))])
def test_what_has_no_line_has_no_distances(points: np.ndarray) -> None:
    assert knee_distances(points).tolist() == [0.0] * len(points)


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_units_and_origins_change_nothing(
    first_unit: float, second_unit: float, first_origin: float, second_origin: float
) -> None:
    moved = CONVEX * [first_unit, second_unit] + [first_origin, second_origin]
    assert knee_distances(moved) == pytest.approx(knee_distances(CONVEX), abs=1e-6)
