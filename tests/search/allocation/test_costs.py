"""Costs that are not measured yet, against laws that the measured ones follow."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from search.allocation.costs import Costs, seconds_per_step
from search.allocation.state import Bound, Cost


def test_the_law_of_the_measured_ones_is_found(make: Any) -> None:
    # Milliseconds as the power 0.8 of the MACs, and three times as many for the second family.
    def latency_ms(gmacs: float, factor: float) -> float:
        return float(factor * gmacs**0.8)

    families = (("splitsr", 1.0), ("smsr", 3.0))
    measured = [
        make.candidate(f"{family}{gmacs}", latency_ms(gmacs, factor), gmacs=gmacs, family=family)
        for family, factor in families
        for gmacs in (1.0, 2.0, 5.0, 9.0, 14.0)
    ]
    unknown = [
        make.candidate(f"new-{family}", gmacs=3.0, family=family, costs={})
        for family, _ in families
    ]
    costs = Costs(make.situation(measured, unknown))
    expected = [latency_ms(3.0, factor) for _, factor in families]
    assert costs.at(unknown, 0.5)[:, 0] == pytest.approx(expected, rel=0.05)
    low, high = costs.at(unknown, 0.025)[:, 0], costs.at(unknown, 0.975)[:, 0]
    assert ((low < expected) & (expected < high)).all()
    # What is measured stays as it was measured.
    assert costs.at(measured[:1], 0.975)[0, 0] == latency_ms(1.0, 1.0)


def test_quantiles_are_those_of_the_interval(make: Any) -> None:
    known = make.candidate("a", costs={"latency_ms": Cost(10.0, 8.0, 16.0)})
    costs = Costs(make.situation(pool=[known]))
    found = [costs.at([known], quantile)[0, 0] for quantile in (0.025, 0.5, 0.975)]
    assert found == pytest.approx([8.0, 10.0, 16.0], abs=1e-3)


def test_before_a_regression_all_are_like_those_measured(make: Any) -> None:
    measured = [make.candidate("a", 5.0), make.candidate("b", 20.0)]
    new = make.candidate("new", costs={})
    costs = Costs(make.situation(measured, [new]))
    assert [costs.at([new], q)[0, 0] for q in (0.025, 0.5, 0.975)] == pytest.approx(
        [2.5, 10.0, 40.0], rel=1e-3
    )
    nothing = Costs(make.situation(pool=[new]))
    assert nothing.at([new], 0.5)[0, 0] == 25.0  # a fourth of the reference


def test_before_a_regression_costs_are_in_proportion_to_macs(make: Any) -> None:
    measured = make.candidate("a", 5.0, gmacs=1.0)
    pool = [make.candidate(f"new{gmacs}", gmacs=gmacs, costs={}) for gmacs in (0.5, 1.0, 8.0)]
    costs = Costs(make.situation([measured], pool))
    assert costs.at(pool, 0.5)[:, 0] == pytest.approx([2.5, 5.0, 40.0])
    # Of nobody measured, a fourth of the reference is the geometric mean.
    nothing = Costs(make.situation(pool=[pool[0], pool[2]])).at([pool[0], pool[2]], 0.5)[:, 0]
    assert nothing == pytest.approx([6.25, 100.0])


def test_before_a_regression_what_is_put_out_counts_as_macs_too(make: Any) -> None:
    measured = make.candidate("a", 5.0, gmacs=1.0)
    new = make.candidate("new", gmacs=1.0, costs={})
    new = replace(new, structure=replace(new.structure, activations=20_000_000))
    # A hundred MACs for each of the 20 million numbers: two GMACs more.
    costs = Costs(make.situation([measured], [new]))
    assert costs.at([new], 0.5)[0, 0] == pytest.approx(15.0)


def test_a_reference_that_is_not_given_is_the_worst_known(make: Any) -> None:
    pool = [make.candidate("a", 5.0), make.candidate("b", 20.0)]
    assert Costs(make.situation(pool=pool, reference={"psnr_y_db": 30.0})).reference == [20.0]
    new = make.candidate("new", costs={})
    with pytest.raises(ValueError, match="latency_ms must be known of a candidate, or have a ref"):
        Costs(make.situation(pool=[new], reference={"psnr_y_db": 30.0}))


def test_bounds_are_kept_or_broken_at_each_quantile(make: Any) -> None:
    sure = make.candidate("sure", 12.0)
    maybe = make.candidate("maybe", costs={"latency_ms": Cost(10.0, 8.0, 16.0)})
    costs = Costs(make.situation(pool=[sure, maybe], bounds={"latency_ms": Bound(max=11.0)}))
    assert costs.keep_bounds([sure, maybe], 0.3).tolist() == [False, True]
    assert costs.keep_bounds([sure, maybe], 0.9).tolist() == [False, False]


def test_seconds_are_a_candidates_own_or_follow_the_macs(make: Any) -> None:
    trained = [
        replace(
            make.trained(make.candidate(f"{gmacs}", gmacs=gmacs), 31.0, trial=number),
            seconds_per_step=0.004 * gmacs,
        )
        for number, gmacs in enumerate((1.0, 2.0, 4.0, 8.0))
    ]
    new = make.candidate("new", gmacs=16.0)
    found = seconds_per_step(make.situation(trained, [new]), [trained[2], new])
    assert found == pytest.approx([0.016, 0.064], rel=0.1)


def test_before_any_training_steps_alone_count(make: Any) -> None:
    pool = [make.candidate("a", gmacs=1.0), make.candidate("b", gmacs=9.0)]
    assert np.array_equal(seconds_per_step(make.situation(pool=pool), pool), [1.0, 1.0])


def test_quality_is_an_objective_and_the_only_one_to_be_maximised(make: Any) -> None:
    pool = [make.candidate("a")]
    with pytest.raises(ValueError, match="psnr_y_db must be an objective, got latency_ms"):
        Costs(make.situation(pool=pool, objectives=("latency_ms",)))
    with pytest.raises(ValueError, match="must be the one quality, got ssim_y beside it"):
        Costs(make.situation(pool=pool, objectives=("psnr_y_db", "ssim_y")))
