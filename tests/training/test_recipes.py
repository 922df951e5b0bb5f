import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from training.recipes import RECIPES, Recipe, get_recipe, learning_rate_at

QUICK, LONG = RECIPES["quick"], RECIPES["long"]


def test_quick_has_the_settings_of_the_study() -> None:
    assert (QUICK.learning_rate, QUICK.betas, QUICK.warmup_fraction) == (4e-3, (0.9, 0.99), 0.1)
    assert (QUICK.batch_size, QUICK.lr_patch_px, QUICK.best_of) == (8, 16, 4)
    assert (QUICK.decay, QUICK.ema_decay, QUICK.steps) == ("linear", 0.99, 1000)
    assert QUICK.zero_last_convolution


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_round_trips_under_its_own_name(name: str) -> None:
    recipe = get_recipe(name)
    assert recipe.name == name
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_an_unknown_recipe_is_answered_with_the_known() -> None:
    with pytest.raises(ValueError, match=r"one of quick, long, got 'slow'"):
        get_recipe("slow")


def test_recipes_are_frozen() -> None:
    with pytest.raises(ValidationError):
        QUICK.batch_size = 16


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 4e-5), (49, 2e-3), (99, 4e-3), (100, 4e-3), (550, 2e-3), (999, 4e-3 / 900)],
)
def test_quick_warms_up_over_a_tenth_and_falls_linearly(step: int, rate: float) -> None:
    assert learning_rate_at(QUICK, step, 1000) == pytest.approx(rate)


@pytest.mark.parametrize(("step", "rate"), [(0, 1e-6), (999, 1e-3), (1000, 1e-3), (50_500, 5e-4)])
def test_long_falls_as_a_cosine(step: int, rate: float) -> None:
    assert learning_rate_at(LONG, step, 100_000) == pytest.approx(rate)


@given(st.sampled_from(list(RECIPES.values())), st.integers(1, 300))
def test_the_learning_rate_rises_once_falls_once_and_is_never_zero(
    recipe: Recipe, steps: int
) -> None:
    rates = [learning_rate_at(recipe, step, steps) for step in range(steps)]
    peak = rates.index(max(rates))
    assert rates == sorted(rates[:peak]) + sorted(rates[peak:], reverse=True)
    assert min(rates) > 0
    assert max(rates) == pytest.approx(recipe.learning_rate)
