"""Draws of Optuna's samplers, which learn from what is expected as well."""

from functools import partial
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution

from search.ladder.shadow import Draw, FixedValues, Parameters, Shadow

DISTRIBUTIONS = {
    "kind": CategoricalDistribution(("a", "b")),
    "size": IntDistribution(1, 40),
}


def values_of(draw: Draw | FixedValues) -> dict[str, Any]:
    return {
        "kind": draw.suggest_categorical("kind", ("a", "b")),
        "size": draw.suggest_int("size", 1, 40),
    }


def learned(sampler: str, best: int) -> Shadow:
    """A shadow of 24 trials, whose quality is the better the nearer the size is to `best`."""
    shadow = Shadow(["psnr_y_db", "macs"], sampler, seed=1, population=8)
    for trial in range(24):
        values = {"kind": "ab"[trial % 2], "size": 1 + trial * 39 // 23}
        quality = 40.0 - abs(values["size"] - best)
        shadow.learn(trial, partial(Parameters, values, DISTRIBUTIONS), [quality, 1.0], {})
    return shadow


@pytest.mark.parametrize("sampler", ["random", "nsga2", "tpe", "gp"])
def test_a_draw_depends_on_its_key_and_on_what_was_learned_alone(sampler: str) -> None:
    first, second = learned(sampler, 30), learned(sampler, 30)
    values_of(second.draw(7))  # a draw leaves nothing behind
    drawn = values_of(first.draw(3, 1))
    again = second.draw(3, 1)
    assert values_of(again) == drawn == again.values
    assert values_of(FixedValues(drawn)) == drawn


@pytest.mark.parametrize("sampler", ["nsga2", "tpe"])
def test_a_draw_knows_the_trials_learned_after_an_earlier_draw(sampler: str) -> None:
    shadow = Shadow(["psnr_y_db", "macs"], sampler, seed=1, population=8)
    for trial in range(60):
        values_of(shadow.draw(100 + trial))
        values = {"kind": "ab"[trial % 2], "size": 1 + trial * 39 // 59}
        quality = 40.0 - abs(values["size"] - 38)
        shadow.learn(trial, partial(Parameters, values, DISTRIBUTIONS), [quality, 1.0], {})
    sizes = [values_of(shadow.draw(key))["size"] for key in range(40)]
    assert sum(sizes) / len(sizes) > 24  # at random: 20.5, with a standard error of 1.8


@pytest.mark.parametrize("sampler", ["nsga2", "tpe"])
def test_what_is_expected_of_a_trial_counts_until_it_is_known(sampler: str) -> None:
    def mean_size(shadow: Shadow) -> float:
        sizes = [values_of(shadow.draw(key))["size"] for key in range(30)]
        return sum(sizes) / len(sizes)

    before = mean_size(learned(sampler, 38))
    large = learned(sampler, 38)
    mean_size(large)  # which must not settle anything
    for trial in range(24):  # the same trials turn out the other way round
        values = {"kind": "ab"[trial % 2], "size": 1 + trial * 39 // 23}
        quality = 40.0 - abs(values["size"] - 3)
        large.learn(
            trial, partial(Parameters, values, DISTRIBUTIONS), [quality, 1.0], {"macs": -0.5}
        )
    assert mean_size(large) < before - 5


def test_tpe_keeps_away_from_what_breaks_a_constraint() -> None:
    shadow = Shadow(["psnr_y_db", "macs"], "tpe", seed=1, population=8)
    for trial in range(30):
        size = 1 + trial * 39 // 29
        values = {"kind": "a", "size": size}
        parameters = partial(Parameters, values, DISTRIBUTIONS)
        shadow.learn(trial, parameters, [30.0 + size, 1.0], {"macs": (size - 20) / 20})
    sizes = [values_of(shadow.draw(key))["size"] for key in range(40)]
    assert sum(size <= 20 for size in sizes) > 28
