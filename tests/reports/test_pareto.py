"""The front and its volume, against closed forms, a naive definition and another library."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from optuna._hypervolume import compute_hypervolume

from reports.columns import TrialState
from reports.pareto import front, hypervolume, non_dominated
from reports.records import TrialRecord

Points = NDArray[np.float64]


def points_of(max_points: int, max_dimensions: int) -> st.SearchStrategy[Points]:
    """Points on a coarse grid, so that ties and duplicates are common."""
    shapes = st.tuples(st.integers(0, max_points), st.integers(1, max_dimensions))
    return shapes.flatmap(
        lambda shape: arrays(np.float64, shape, elements=st.integers(0, 6).map(float))
    )


def naive_non_dominated(points: Points) -> list[bool]:
    def dominates(a: Points, b: Points) -> bool:
        pairs = list(zip(a, b, strict=True))
        return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)

    return [not any(dominates(other, point) for other in points) for point in points]


@given(points_of(max_points=25, max_dimensions=4))
def test_fast_front_is_the_naive_front(points: Points) -> None:
    assert non_dominated(points).tolist() == naive_non_dominated(points)


def test_duplicates_stay_together() -> None:
    points = [[1, 2], [2, 1], [1, 2], [2, 2], [2, 2]]
    assert non_dominated(points).tolist() == [True, True, True, False, False]


def test_no_points() -> None:
    assert non_dominated(np.empty((0, 2))).tolist() == []
    assert hypervolume(np.empty((0, 2)), [1, 1]) == 0


@pytest.mark.parametrize("steps", [1, 2, 7, 30])
def test_volume_of_a_staircase(steps: int) -> None:
    # Points (i, n - 1 - i) below (n, n): column i is i + 1 high, so 1 + 2 + ... + n squares.
    points = [(i, steps - 1 - i) for i in range(steps)]
    assert hypervolume(points, (steps, steps)) == steps * (steps + 1) / 2


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
def test_volume_of_one_box(dimensions: int) -> None:
    assert hypervolume(np.ones((1, dimensions)), np.full(dimensions, 3.0)) == 2**dimensions


@pytest.mark.parametrize("dimensions", [3, 4, 5])
def test_volume_of_crossed_slabs(dimensions: int) -> None:
    # Point k is 0 on axis k and 1 elsewhere, below (2, ..., 2): a box of two unit cubes, of
    # which all share one, so the union is that one and one more per axis.
    points = 1.0 - np.eye(dimensions)
    assert hypervolume(points, np.full(dimensions, 2.0)) == 1 + dimensions


def test_volume_of_hand_counted_cubes() -> None:
    # (0,0,1) fills 2 x 2 x 1 = 4; (1,1,0) adds the 1 x 1 x 1 below it that the first lacks.
    assert hypervolume([(0, 0, 1), (1, 1, 0)], (2, 2, 2)) == 5


def test_points_beyond_the_reference_add_nothing() -> None:
    inside = [(1.0, 1.0)]
    outside = [(0.0, 4.0), (4.0, 0.0), (3.0, 0.0), (5.0, 5.0)]
    assert hypervolume(inside + outside, (3, 3)) == hypervolume(inside, (3, 3)) == 4


@settings(max_examples=60)
@given(points_of(max_points=12, max_dimensions=5))
def test_volume_agrees_with_optuna(points: Points) -> None:
    reference = np.full(points.shape[1], 6.5)
    expected = compute_hypervolume(points, reference) if len(points) else 0.0
    assert hypervolume(points, reference) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("points", "reference", "message"),
    [
        ([1.0, 2.0], [3.0, 3.0], r"shape \(M, D\)"),
        ([[1.0, np.nan]], [3.0, 3.0], "NaN"),
        ([[1.0, 2.0]], [3.0], "same dimension"),
        ([[1.0, 2.0]], [3.0, np.inf], "finite point"),
    ],
)
def test_points_that_do_not_fit(points: list[float], reference: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hypervolume(points, reference)


def record(
    name: str,
    macs: int | None,
    psnr: float | None,
    state: TrialState = "trained",
    family: str = "a",
) -> TrialRecord:
    return TrialRecord(
        trial=None, arch_id=name, family=family, scale=2, state=state, macs=macs, psnr_y_db=psnr
    )


def test_front_of_records() -> None:
    records = [
        record("dear", 900, 36.0),
        record("beaten", 500, 34.9),
        record("cheap", 100, 35.0),
        record("baseline", 0, 33.7, family="bicubic"),
        record("broken", 50, 40.0, state="failed"),
        record("copy", 100, 40.0, state="duplicate"),
        record("unknown", None, 41.0),
    ]
    chosen = front(records, ("psnr_y_db", "macs"))
    assert [item.arch_id for item in chosen] == ["baseline", "cheap", "dear"]


def test_equal_records_are_both_on_the_front() -> None:
    chosen = front([record("b", 1, 30.0), record("a", 1, 30.0)], ("macs", "psnr_y_db"))
    assert [item.arch_id for item in chosen] == ["a", "b"]


def test_front_of_nothing() -> None:
    assert front([], ("psnr_y_db", "macs")) == []
    with pytest.raises(ValueError, match="at least one objective"):
        front([], ())
    with pytest.raises(ValueError, match="an objective must be one of"):
        front([], ("flops",))
