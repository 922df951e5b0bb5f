"""The process over candidates and rungs, against one point by hand and points left out in turn."""

from typing import Any

import numpy as np
import pytest

from search.allocation import process
from search.allocation.process import Coordinates, Point, Process
from search.allocation.state import CurvePoint

BICUBIC_DB = 30.0
FULL_STEPS = 2000


def the_process(points: list[Point], others: tuple[Any, ...] = ()) -> Process:
    coordinates = Coordinates([*(known for known, _ in points), *others])
    return Process(points, coordinates, BICUBIC_DB, FULL_STEPS)


def test_before_any_result_it_is_the_stated_prior(make: Any) -> None:
    usual = make.candidate("a", gmacs=4.0, depth=8.0)
    larger = make.candidate("b", gmacs=8.0, depth=16.0)
    means, deviations = the_process([], (usual, larger)).predict([usual, larger], FULL_STEPS)
    # 1.95 dB above bicubic, 0.06 dB for a doubling of MACs and 0.15 dB for one of depth.
    assert means == pytest.approx([31.95, 32.16])
    # Level, family, structure, what is its own, and noise.
    assert deviations**2 == pytest.approx(0.5**2 + 0.25**2 + 0.2**2 + 0.1**2 + 0.02**2)
    early, _ = the_process([], (usual,)).predict([usual], FULL_STEPS // 4)
    assert early == pytest.approx([31.55])


def test_one_point_moves_another_rung_by_its_share_of_the_covariance(make: Any) -> None:
    known = make.candidate("a", gmacs=4.0, depth=8.0)
    found = the_process([(known, CurvePoint(1000, 32.15))])
    means, _ = found.predict([known], FULL_STEPS)
    # One doubling away: each part of the variance by exp(-d^2 / 2 l^2) of its length l.
    variances = np.array([0.5**2, 0.25**2, 0.2**2, 0.1**2])
    lengths = np.array([2.0, 4.0, 3.0, process.USUAL_SETTINGS.memory])
    share = (variances @ np.exp(-0.5 / lengths**2)) / (variances.sum() + 0.02**2)
    # At 1,000 steps 31.75 dB were expected.
    assert means == pytest.approx([31.95 + share * 0.4], abs=1e-6)


def test_a_rung_moves_the_estimate_as_far_as_the_variance_falls(make: Any) -> None:
    begun, new = make.candidate("begun", gmacs=2.0), make.candidate("new")
    points = [(begun, CurvePoint(500, 31.4))]
    found = the_process(points, (new,))
    shifts = found.shifts([begun, new], [1000, 1000], FULL_STEPS)
    for known, shift in zip((begun, new), shifts, strict=True):
        _, before = found.predict([known], FULL_STEPS)
        with_rung = the_process([*points, (known, CurvePoint(1000, 31.5))], (new,))
        _, after = with_rung.predict([known], FULL_STEPS)
        assert shift**2 == pytest.approx(before[0] ** 2 - after[0] ** 2, rel=1e-4)


def test_points_left_out_are_predicted_as_by_a_process_without_them(make: Any) -> None:
    rng = np.random.default_rng(0)
    points = [
        (make.candidate(f"{number}", gmacs=1.0 + number), CurvePoint(steps, 31 + rng.normal() / 5))
        for number in range(3)
        for steps in (500, 2000)
    ]
    found, values = the_process(points).left_out()
    assert values == pytest.approx([point.psnr_y_db for _, point in points])
    for place, (known, point) in enumerate(points):
        others = [other for other in points if other is not points[place]]
        expected, _ = the_process(others, (known,)).predict([known], point.steps)
        assert found[place] == pytest.approx(expected[0], abs=1e-4)


def test_what_is_not_known_of_a_plug_in_is_taken_as_usual_in_the_run(make: Any) -> None:
    known = make.candidate("a", depth=4.0)
    unknown = make.candidate("b", depth=None, family="plug-in")
    found = the_process([(known, CurvePoint(2000, 31.5))], (unknown,))
    means, deviations = found.predict([unknown], FULL_STEPS)
    assert np.isfinite(means).all()
    # Two families differ, so that it is known less well than one of the same.
    same = make.candidate("c", depth=4.0)
    _, of_same = the_process([(known, CurvePoint(2000, 31.5))], (same,)).predict([same], FULL_STEPS)
    assert deviations[0] > of_same[0]


def test_the_memory_of_a_run_is_read_from_its_points(make: Any) -> None:
    rng = np.random.default_rng(1)
    candidates = [make.candidate(f"{number}") for number in range(20)]
    own = rng.normal(0, 0.2, size=20)
    lasting = [
        (it, CurvePoint(steps, 31.5 + own[number] + rng.normal(0, 0.005)))
        for number, it in enumerate(candidates)
        for steps in (500, 2000)
    ]
    fleeting = [
        (it, CurvePoint(steps, 31.5 + rng.normal(0, 0.2)))
        for it in candidates
        for steps in (500, 2000)
    ]
    assert the_process(lasting).settings.memory > the_process(fleeting).settings.memory


def test_the_same_points_are_not_fitted_again_beside_other_candidates(make: Any) -> None:
    known = [make.candidate(f"{number}", gmacs=1.0 + number) for number in range(4)]
    points = [(it, CurvePoint(500, 31.0)) for it in known]
    first = the_process(points, (make.candidate("x"),))
    assert the_process(points, (make.candidate("y", gmacs=9.0),))._fit is first._fit
    changed = the_process([*points[:-1], (known[-1], CurvePoint(500, 31.1))])
    assert changed._fit is not first._fit
    assert changed.predict(known, 500)[0][-1] > first.predict(known, 500)[0][-1]
