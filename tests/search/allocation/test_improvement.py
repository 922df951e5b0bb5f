"""Expected improvements and probabilities, against integrals, volumes and symmetry."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from reports.pareto import hypervolume
from search.allocation.estimate import Estimator
from search.allocation.improvement import Improvement, expected_gain, front_probabilities
from search.allocation.state import Bound, Cost, Situation

CERTAIN_DB = 1e-9
QUALITIES = st.floats(29.0, 33.0)
LATENCIES = st.floats(1.0, 110.0)


def expected(situation: Situation, *, quality_db: float, deviation_db: float = CERTAIN_DB) -> float:
    """Of the first of the pool, of which so much is estimated."""
    improvement = Improvement(situation, Estimator(situation))
    means, deviations = np.array([[quality_db]]), np.array([deviation_db])
    return float(improvement.expected(situation.pool[:1], means, deviations)[0, 0])


@settings(max_examples=40)
@given(st.lists(st.tuples(QUALITIES, LATENCIES), max_size=6), QUALITIES, LATENCIES)
def test_what_is_certain_improves_by_the_difference_of_two_volumes(
    make: Any, front: list[tuple[float, float]], quality: float, latency: float
) -> None:
    known = [
        make.trained(make.candidate(f"{number}", cost), 30.0, value, trial=number)
        for number, (value, cost) in enumerate(front)
    ]
    found = expected(make.situation(known, [make.candidate("new", latency)]), quality_db=quality)
    points = [(-value, cost) for value, cost in front]
    reference = (-30.0, 100.0)
    before = hypervolume(np.array(points).reshape(-1, 2), reference)
    after = hypervolume([*points, (-quality, latency)], reference)
    assert found == pytest.approx(after - before, abs=1e-6)


def test_two_costs_improve_by_the_difference_of_two_volumes(make: Any) -> None:
    front = [(31.0, 40.0, 4.0), (32.0, 80.0, 3.0), (31.5, 60.0, 8.0)]

    def costs(latency: float, memory: float) -> dict[str, Cost]:
        return {"latency_ms": make.exactly(latency), "peak_memory_mib": make.exactly(memory)}

    known = [
        make.trained(make.candidate(f"{number}", costs=costs(*at)), 30.0, quality, trial=number)
        for number, (quality, *at) in enumerate(front)
    ]
    new = make.candidate("new", costs=costs(30.0, 2.0))
    situation = make.situation(
        known,
        [new],
        objectives=("latency_ms", "psnr_y_db", "peak_memory_mib"),
        reference={"psnr_y_db": 30.0, "latency_ms": 100.0, "peak_memory_mib": 10.0},
    )
    points = [(-quality, *at) for quality, *at in front]
    reference = (-30.0, 100.0, 10.0)
    added = hypervolume([*points, (-31.7, 30.0, 2.0)], reference) - hypervolume(points, reference)
    assert expected(situation, quality_db=31.7) == pytest.approx(added, rel=0.01)


def test_quality_alone_improves_by_its_difference(make: Any) -> None:
    known = [make.trained(make.candidate("a"), 30.5, 31.0, trial=0)]
    situation = make.situation(known, [make.candidate("new")], objectives=("psnr_y_db",))
    assert expected(situation, quality_db=31.25) == pytest.approx(0.25)
    assert expected(situation, quality_db=30.75) == pytest.approx(0.0, abs=1e-9)


def test_a_first_candidate_improves_by_a_rectangle(make: Any) -> None:
    situation = make.situation(pool=[make.candidate("new", 20.0)])
    # The mean of the positive part of a normal distribution around 0 is its density there.
    found = expected(situation, quality_db=30.0, deviation_db=0.5)
    assert found == pytest.approx(80.0 * 0.5 / math.sqrt(2 * math.pi))


@pytest.mark.parametrize(
    "bound", [Bound(), Bound(min=31.2), Bound(max=31.6), Bound(min=30.5, max=31.3)]
)
def test_the_gain_is_the_integral_over_what_keeps_the_bound(bound: Bound) -> None:
    mean, deviation, best = 31.1, 0.3, 31.0
    low = max(best, bound.min or best)
    high = min(bound.max or 34.0, 34.0)
    integral, _ = quad(lambda y: (y - best) * norm.pdf(y, mean, deviation), low, high)
    found = expected_gain(np.array([[mean]]), np.array([[deviation]]), np.array([best]), bound)
    assert found[0, 0] == pytest.approx(integral, abs=1e-7)


def test_what_probably_breaks_a_bound_is_worth_less(make: Any) -> None:
    uncertain = make.candidate("new", costs={"latency_ms": Cost(10.0, 8.0, 12.0)})
    free = make.situation(pool=[uncertain])
    bounded = replace(free, bounds={"latency_ms": Bound(max=10.5)})
    impossible = replace(free, bounds={"latency_ms": Bound(max=5.0)})
    assert 0 < expected(bounded, quality_db=31.0) < expected(free, quality_db=31.0)
    assert expected(impossible, quality_db=31.0) == 0


def test_what_runs_counts_as_if_it_had_what_is_expected_of_it(make: Any) -> None:
    new = make.candidate("new", 20.0)
    running = replace(make.candidate("twin", 20.0), state="running", trial=0)
    alone = expected(make.situation(pool=[new]), quality_db=31.5)
    beside = expected(make.situation([running], [new]), quality_db=31.5)
    assert beside < 0.5 * alone


def test_of_two_equally_good_ones_the_cheaper_is_on_the_front_for_sure(make: Any) -> None:
    known = [
        make.trained(make.candidate("cheap", 10.0), 31.0, 31.5, trial=4),
        make.trained(make.candidate("dear", 20.0), 31.0, 31.5, trial=7),
    ]
    found = front_probabilities(make.situation(known))
    assert found[4] == 1.0
    assert found[7] == pytest.approx(0.5, abs=0.01)


def test_what_is_clearly_better_or_clearly_worse_is_no_question(make: Any) -> None:
    known = [
        make.trained(make.candidate("cheap", 10.0), 31.0, 31.5, trial=0),
        make.trained(make.candidate("better", 20.0), 31.0, 32.5, trial=1),
        make.trained(make.candidate("worse", 30.0), 31.0, 31.0, trial=2),
    ]
    found = front_probabilities(make.situation(known))
    assert found == pytest.approx({0: 1.0, 1: 1.0, 2: 0.0}, abs=1e-6)


def test_what_waits_may_yet_displace_a_point_of_the_front(make: Any) -> None:
    finished = make.trained(make.candidate("dear", 20.0), 31.0, 31.5, trial=0)
    waiting = make.trained(make.candidate("cheap", 10.0), 31.1, trial=1)
    assert front_probabilities(make.situation([finished]))[0] == 1.0
    assert 0.0 < front_probabilities(make.situation([finished, waiting]))[0] < 0.9
