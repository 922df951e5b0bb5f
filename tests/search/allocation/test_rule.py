"""What is decided in situations in which only one thing is right."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.allocation.rule import best_rates, decide
from search.allocation.state import Bound, Cost, Known, Promote, Start


def a_run(make: Any) -> list[Known]:
    """Eight finished trainings of one family, which follow their MACs."""
    return [
        make.trained(
            make.candidate(f"done{n}", 20.0 + 8 * n, gmacs=1.0 + n),
            31.0 + 0.1 * n,
            31.6 + 0.1 * n,
            trial=n,
        )
        for n in range(8)
    ]


def test_of_two_alike_the_cheaper_is_started(make: Any) -> None:
    pool = [make.candidate("dear", 20.0), make.candidate("cheap", 10.0)]
    assert decide(make.situation(pool=pool)).action == Start(1)


def test_of_two_at_one_cost_the_larger_is_started(make: Any) -> None:
    pool = [make.candidate("small", gmacs=1.0), make.candidate("large", gmacs=8.0)]
    assert decide(make.situation(pool=pool)).action == Start(1)


def test_a_quick_one_is_worth_more_per_second(make: Any) -> None:
    slow, quick = make.candidate("slow"), make.candidate("quick")
    trained = [
        replace(make.trained(it, 31.5, trial=number), seconds_per_step=seconds)
        for number, (it, seconds) in enumerate([(slow, 0.02), (quick, 0.01)])
    ]
    found = decide(make.situation(trained))
    assert found.action == Promote(1)
    alone = decide(make.situation(trained[1:]))
    assert alone.expected_improvement_per_second > 0


def test_what_promises_as_much_and_is_begun_is_continued(make: Any) -> None:
    run = a_run(make)
    begun = make.trained(make.candidate("begun", 15.0, gmacs=4.0), 31.35, trial=8)
    found = decide(make.situation([*run, begun], [make.candidate("new", 15.0, gmacs=4.0)]))
    assert found.action == Promote(8)


def test_what_its_first_rung_speaks_against_is_left(make: Any) -> None:
    run = a_run(make)
    begun = make.trained(make.candidate("begun", 15.0, gmacs=4.0), 30.3, trial=8)
    found = decide(make.situation([*run, begun], [make.candidate("new", 15.0, gmacs=4.0)]))
    assert found.action == Start(0)


def test_a_second_worker_seeks_elsewhere(make: Any) -> None:
    pool = [make.candidate("first", 10.0), make.candidate("twin", 10.5)]
    pool.append(make.candidate("other", 40.0, gmacs=14.0))
    situation = make.situation(pool=pool)
    assert decide(situation).action == Start(0)
    running = replace(pool[0], state="running", trial=0)
    assert decide(replace(situation, known=(running,), pool=tuple(pool[1:]))).action == Start(1)


def test_what_breaks_a_bound_for_sure_is_not_started(make: Any) -> None:
    pool = [make.candidate("cheap", 10.0), make.candidate("kept", 30.0)]
    situation = make.situation(pool=pool, bounds={"latency_ms": Bound(min=20.0)})
    assert decide(situation).action == Start(1)


def test_a_cost_that_is_not_known_is_no_obstacle(make: Any) -> None:
    adaptive = make.candidate("adaptive", costs={})
    maybe = make.candidate("maybe", costs={"latency_ms": Cost(12.0, 6.0, 24.0)})
    found = decide(make.situation(a_run(make), [adaptive, maybe]))
    assert isinstance(found.action, Start)


def test_what_the_budget_cannot_finish_waits_for_what_it_can(make: Any) -> None:
    run = [*a_run(make), make.trained(make.candidate("begun", 60.0), 31.0, trial=8)]
    new = make.candidate("new", 10.0, gmacs=8.0)
    assert decide(make.situation(run, [new])).action == Start(0)
    assert decide(make.situation(run, [new], steps_left=2000)).action == Promote(8)


def test_the_first_trainings_go_to_their_end(make: Any) -> None:
    begun = make.trained(make.candidate("begun", 60.0), 31.0, trial=0)
    new = make.candidate("new", 10.0, gmacs=8.0)
    assert decide(make.situation([begun], [new])).action == Promote(0)
    # Even one that is worth nothing, as the slowest is while no other is known.
    situation = make.situation([begun], [new], bounds={"latency_ms": Bound(max=50.0)})
    assert decide(situation).action == Promote(0)


def test_it_depends_on_nothing_but_the_situation(make: Any) -> None:
    rng = np.random.default_rng(0)
    pool = [
        make.candidate(f"{n}", float(rng.uniform(5, 60)), gmacs=float(rng.uniform(1, 16)))
        for n in range(12)
    ]
    situation = make.situation(a_run(make), pool)

    def chosen(candidates: Sequence[Known]) -> str:
        action = decide(replace(situation, pool=tuple(candidates))).action
        assert isinstance(action, Start)
        return candidates[action.index].arch_id

    assert decide(situation) == decide(situation)
    assert chosen(pool) == chosen(pool[::-1])


def test_a_candidate_is_continued_where_that_pays() -> None:
    # In one case of two 10 are gained, in the other 1, for 1 second to the rung and 4 to the end:
    # going on always gives 5.5 in 5 seconds, only in the better case 5 in 3.
    rates = best_rates(np.array([[1.0, 10.0]]), np.array([1.0]), np.array([4.0]))
    assert rates == pytest.approx([5 / 3])
    # Where cases do not differ, or the rung is the last, stopping is worth nothing.
    same = best_rates(np.array([[4.0, 4.0]]), np.array([1.0]), np.array([4.0]))
    last = best_rates(np.array([[2.0, 6.0]]), np.array([5.0]), np.array([0.0]))
    assert [*same, *last] == pytest.approx([4 / 5, 4 / 5])


@given(st.lists(st.floats(0, 10), min_size=3, max_size=3), st.floats(0.1, 5), st.floats(0, 5))
def test_the_rate_is_that_of_the_best_of_all_ways_to_go_on(
    cases: list[float], to_rung: float, to_end: float
) -> None:
    ways = [
        sum(case for case, goes_on in zip(cases, way, strict=True) if goes_on)
        / (3 * to_rung + sum(way) * to_end)
        for way in product((False, True), repeat=3)
    ]
    found = best_rates(np.array([cases]), np.array([to_rung]), np.array([to_end]))
    assert found == pytest.approx([max(ways)])


def test_something_must_be_there_to_decide_on(make: Any) -> None:
    with pytest.raises(ValueError, match="a decision needs a candidate in the pool or one that"):
        decide(make.situation(a_run(make)))
