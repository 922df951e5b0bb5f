"""Estimates of runs whose truth is drawn, so that it is known which estimate must win."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from search.allocation import estimate
from search.allocation.estimate import comparison, estimates
from search.allocation.state import Known, Situation

Draw = Callable[[float, np.random.Generator], tuple[float, float]]
"""From the gigaMACs of a network to its quality at both rungs."""


def telling(gmacs: float, rng: np.random.Generator) -> tuple[float, float]:
    """A first rung that tells of all that the structure does not."""
    own = rng.normal(0, 0.2)
    return 31.0 + own + rng.normal(0, 0.01), 31.5 + own


def misleading(gmacs: float, rng: np.random.Generator) -> tuple[float, float]:
    """A first rung of noise, and a last one that the structure decides."""
    return 31.0 + rng.normal(0, 0.3), 31.0 + 0.2 * np.log2(gmacs) + rng.normal(0, 0.01)


@pytest.fixture
def run(make: Any) -> Callable[[Draw, int], Situation]:
    def drawn(draw: Draw, finished: int) -> Situation:
        """Half as many wait as are finished."""
        rng = np.random.default_rng(3)
        known: list[Known] = []
        for number in range(finished * 3 // 2):
            gmacs = float(2 ** rng.uniform(0, 4))
            qualities = draw(gmacs, rng)[: 2 if number < finished else 1]
            it = make.candidate(f"{number}", gmacs=gmacs)
            known.append(make.trained(it, *qualities, trial=number))
        return make.situation(known)  # type: ignore[no-any-return]

    return drawn


def test_a_telling_rung_is_used(run: Callable[[Draw, int], Situation]) -> None:
    found = comparison(run(telling, 12))
    assert found.curve_is_used
    assert found.curve_error_db is not None and found.structure_error_db is not None
    assert found.curve_error_db < 0.06 < 0.1 < found.structure_error_db
    assert found.curve_tau is not None and found.curve_tau > 0.7


def test_where_rungs_mislead_structure_alone_decides(
    make: Any, run: Callable[[Draw, int], Situation]
) -> None:
    situation = run(misleading, 12)
    found = comparison(situation)
    assert not found.curve_is_used
    assert found.structure_tau is not None and found.structure_tau > 0.8
    # So what the rungs of one are does not count.
    *others, last = situation.known
    changed = make.situation([*others, make.trained(last, 35.0, trial=last.trial)])
    assert estimates(changed)[last.arch_id].psnr_y_db == pytest.approx(
        estimates(situation)[last.arch_id].psnr_y_db
    )


def test_before_five_are_finished_nothing_is_compared(
    run: Callable[[Draw, int], Situation],
) -> None:
    early, later = comparison(run(telling, 4)), comparison(run(telling, 5))
    assert (early.finished, early.curve_error_db, early.structure_tau) == (4, None, None)
    assert not early.curve_is_used
    assert later.curve_error_db is not None
    assert later.curve_is_used


def test_ninety_five_of_a_hundred_truths_lie_within_two_deviations(make: Any) -> None:
    rng = np.random.default_rng(0)
    known, truths = [], {}
    for number in range(130):
        gmacs = float(2 ** rng.uniform(0, 4))
        last = 31.5 + 0.15 * np.log2(gmacs) + rng.normal(0, 0.1)
        first = last - 0.3 + rng.normal(0, 0.08)
        qualities = (first, last) if number < 30 else (first,)
        known.append(
            make.trained(make.candidate(f"{number}", gmacs=gmacs), *qualities, trial=number)
        )
        truths[f"{number}"] = last
    found = estimates(make.situation(known))
    inside = [
        abs(truths[name] - found[name].psnr_y_db) < 1.96 * found[name].deviation_db
        for name in truths
        if int(name) >= 30
    ]
    assert 0.88 <= np.mean(inside) <= 0.99


def test_what_is_finished_is_as_it_was_measured(run: Callable[[Draw, int], Situation]) -> None:
    situation = run(telling, 6)
    first = situation.known[0]
    assert estimates(situation)[first.arch_id].psnr_y_db == first.curve[-1].psnr_y_db


def test_a_long_run_is_learnt_from_up_to_a_bound(
    make: Any, run: Callable[[Draw, int], Situation]
) -> None:
    points = estimate._points(run(telling, 300).known, make.ladder)
    assert estimate.MOST_POINTS - 2 < len(points) <= estimate.MOST_POINTS
    # The longest trainings come first, and of these the last ones.
    assert points[0][0].trial == 299


def test_a_rung_that_the_ladder_lacks_is_not_learnt_from(make: Any) -> None:
    known = make.trained(make.candidate("a"), 31.0, trial=0)
    assert estimate._points([known], type(make.ladder)((500, 2500))) == []


def test_an_estimate_is_the_same_whatever_waits_beside_it(
    make: Any, run: Callable[[Draw, int], Situation]
) -> None:
    """What was fitted without the offers of a decision serves for them, too."""
    situation = run(telling, 12)
    alone = estimates(situation)
    offers = [make.candidate("new", gmacs=3.0), make.candidate("other", family="seemore")]
    beside = estimates(make.situation(situation.known, offers))
    for known in situation.known:
        assert beside[known.arch_id].psnr_y_db == pytest.approx(alone[known.arch_id].psnr_y_db)
