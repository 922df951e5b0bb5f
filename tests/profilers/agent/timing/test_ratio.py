"""Ratios of times whose truth is known, and how often their intervals cover it."""

import numpy as np
import pytest

from profilers.agent.timing.ratio import (
    BELIEVED_RATIOS,
    median_interval,
    median_ratio,
    middle_ratio,
)


# 95 % of 200 is 190. A bootstrap of a handful of values is known to fall somewhat short.
@pytest.mark.parametrize(("count", "at_least"), [(3, 164), (8, 164), (20, 176), (60, 180)])
def test_the_interval_covers_the_median_about_as_often_as_it_says(
    count: int, at_least: int
) -> None:
    random = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        low, high = median_interval(random.normal(1.0, 0.05, size=(count, 1)), seed)
        covered += low <= 1.0 <= high
    assert covered >= at_least


def test_the_interval_is_wider_where_neighbours_resemble_each_other() -> None:
    random = np.random.default_rng(2)
    alike = np.repeat(random.lognormal(0.0, 0.05, size=(20, 1)), 6, axis=0)
    mixed = random.permutation(alike)
    low, high = median_interval(alike, 0)
    mixed_low, mixed_high = median_interval(mixed, 0)
    assert high - low > mixed_high - mixed_low


def test_the_interval_repeats() -> None:
    values = np.random.default_rng(3).uniform(size=(50, 2))
    assert median_interval(values, 4) == median_interval(values, 4)


@pytest.mark.parametrize(("count", "at_least"), [(2, 164), (5, 170), (20, 180), (60, 180)])
def test_the_interval_of_the_middle_ratio_does_too(count: int, at_least: int) -> None:
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        ratio = middle_ratio(random.normal(1.07, 0.05, count), random.normal(1 / 1.07, 0.05, count))
        covered += ratio.ci_low <= 1.0 <= ratio.ci_high
    assert covered >= at_least


def test_how_fast_either_process_is_does_not_move_the_middle_ratio() -> None:
    here, there = np.full(7, 1.3 * 1.07), np.full(9, 1.3 / 1.07)
    ratio = middle_ratio(here, there)
    assert (ratio.value, ratio.ci_low, ratio.ci_high) == pytest.approx((1.3, 1.3, 1.3))
    assert ratio.count == 16


def test_a_quarter_of_noisy_ratios_does_not_move_the_middle_ratio() -> None:
    ratios = np.array([2.0] * 6 + [30.0] * 2)
    assert middle_ratio(ratios, ratios).value == pytest.approx(2)


def test_few_ratios_are_never_known() -> None:
    few, enough = np.ones(BELIEVED_RATIOS - 1), np.ones(BELIEVED_RATIOS)
    assert not median_ratio(few).is_known(0.01)
    assert median_ratio(enough).is_known(0.01)


def test_a_ratio_is_known_once_its_interval_is_narrow() -> None:
    ratios = np.random.default_rng(6).normal(1.0, 0.05, 200)
    ratio = median_ratio(ratios)
    half_width = (ratio.ci_high - ratio.ci_low) / 2
    assert ratio.is_known(1.01 * half_width / ratio.value)
    assert not ratio.is_known(0.99 * half_width / ratio.value)
