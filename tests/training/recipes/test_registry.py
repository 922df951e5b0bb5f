"""The recipes.

Covers training.recipes.recipe, training.recipes.published, training.recipes.smsr and
training.recipes.family; training.recipes.choice is covered by the commands that choose one.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from blocks import EdsrConfig, FsrcnnConfig
from training.recipes.family import FamilyRecipes
from training.recipes.recipe import SETTABLE_FIELDS, Recipe, Sparsity, learning_rate_at
from training.recipes.registry import (
    FAMILY_RECIPES,
    RECIPES,
    get_recipe,
    recipe_for,
    recipe_warnings,
)

QUICK, STEADY, LONG = RECIPES["quick"], RECIPES["steady"], RECIPES["long"]


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
    known = "quick, steady, medium, long, seemore"
    with pytest.raises(ValueError, match=rf"one of {known}, .*, got 'slow'"):
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


@given(st.sampled_from([r for r in RECIPES.values() if not r.continues]), st.integers(1, 300))
def test_the_learning_rate_rises_once_falls_once_and_is_never_zero(
    recipe: Recipe, steps: int
) -> None:
    rates = [learning_rate_at(recipe, step, steps) for step in range(steps)]
    peak = rates.index(max(rates))
    assert rates == sorted(rates[:peak]) + sorted(rates[peak:], reverse=True)
    assert min(rates) > 0
    assert max(rates) == pytest.approx(recipe.learning_rate)


def test_a_steady_rate_rises_for_50_steps_and_stays_whatever_the_length() -> None:
    for steps in (75, 1000, 10**6):
        rates = [learning_rate_at(STEADY, step, steps) for step in (0, 24, 49, 50, 74, steps - 1)]
        assert rates == pytest.approx([8e-5, 2e-3, 4e-3, 4e-3, 4e-3, 4e-3])


def test_a_cooldown_falls_along_a_line_over_the_last_part() -> None:
    recipe = STEADY.with_settings({"cooldown_fraction": 0.2})
    assert recipe.kept_steps(200) == 160
    rates = [learning_rate_at(recipe, step, 200) for step in (159, 160, 180, 199)]
    assert rates == pytest.approx([4e-3, 4e-3, 2e-3, 1e-4])


@given(st.integers(1, 500), st.integers(1, 500), st.sampled_from([0.0, 0.1, 0.25, 0.9]))
def test_the_kept_steps_of_a_training_are_those_of_every_longer_one(
    steps: int, more: int, cooldown: float
) -> None:
    recipe = STEADY.with_settings({"cooldown_fraction": cooldown})
    kept = recipe.kept_steps(steps)
    assert 1 <= kept <= recipe.kept_steps(steps + more)
    assert [learning_rate_at(recipe, step, steps) for step in range(kept)] == [
        learning_rate_at(recipe, step, steps + more) for step in range(kept)
    ]
    assert recipe.course_steps(steps) == recipe.course_steps(steps + more)


def test_only_a_constant_rate_continues() -> None:
    assert [name for name, recipe in RECIPES.items() if recipe.continues] == ["steady"]
    assert QUICK.kept_steps(70) == QUICK.course_steps(70) == 70


def test_dumps_of_before_are_as_they_were() -> None:
    assert "cooldown_fraction" not in QUICK.model_dump()


# As printed: (recipe, step, learning rate); each pair stands around a published milestone.
PUBLISHED_RATES = [
    ("seemore", 0, 1e-3), ("seemore", 249_999, 1e-3), ("seemore", 250_000, 5e-4),
    ("seemore", 400_000, 2.5e-4), ("seemore", 450_000, 1.25e-4), ("seemore", 475_000, 6.25e-5),
    ("splitsr", 199_999, 1e-4), ("splitsr", 200_000, 5e-5), ("splitsr", 400_000, 2.5e-5),
    # 2e-4 / 2 ** (epoch // 200), epochs of 1000 steps counted from 1: 199,000 begins the 200th.
    ("smsr", 198_999, 2e-4), ("smsr", 199_000, 1e-4), ("smsr", 398_999, 1e-4),
    ("smsr", 399_000, 5e-5), ("smsr", 599_000, 2.5e-5), ("smsr", 799_000, 1.25e-5),
    ("smsr", 998_999, 1.25e-5), ("smsr", 999_000, 6.25e-6), ("smsr", 999_999, 6.25e-6),
    ("classsr-branch", 0, 1e-3), ("classsr-branch", 250_000, (1e-3 + 1e-7) / 2),
    ("classsr-classifier", 0, 2e-4), ("classsr-classifier", 199_999, 0.6545 * 2e-4),
]  # fmt: skip


@pytest.mark.parametrize(("name", "step", "rate"), PUBLISHED_RATES)
def test_published_recipes_have_the_published_rates(name: str, step: int, rate: float) -> None:
    recipe = get_recipe(name)
    assert learning_rate_at(recipe, step, recipe.steps) == pytest.approx(rate, rel=1e-3)


def test_a_shorter_training_has_the_milestones_in_proportion() -> None:
    rates = [learning_rate_at(get_recipe("seemore"), step, 1000) for step in (499, 500, 950)]
    assert rates == pytest.approx([1e-3, 5e-4, 6.25e-5])


# SMSR's code counts 1000 epochs from 1: weight 0.1 min((e - 1) / 50, 1), temperature
# max(1 - (e - 1) / 500, 0.4).
@pytest.mark.parametrize("epoch", [1, 2, 26, 50, 51, 52, 300, 301, 302, 1000])
def test_sparsity_follows_the_published_schedules(epoch: int) -> None:
    progress = (epoch - 1) / 1000
    assert Sparsity().weight_at(progress) == pytest.approx(0.1 * min((epoch - 1) / 50, 1))
    assert Sparsity().temperature_at(progress) == pytest.approx(max(1 - (epoch - 1) / 500, 0.4))


def test_without_a_warmup_the_sparsity_weighs_from_the_start() -> None:
    assert Sparsity(warmup_fraction=0).weight_at(0) == 0.1


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("sparsity.weight", 0.01, 0.01),
        ("learning_rate", "1e-3", 1e-3),  # what YAML 1.1 makes of 1e-3
        ("betas", [0.5, 0.75], (0.5, 0.75)),
        ("clip_norm", 2, 2.0),
        ("zero_last_convolution", False, False),
        ("routing.stage", "joint", "joint"),
    ],
)
def test_a_field_is_set_by_its_name_and_nothing_else_changes(
    field: str, value: object, expected: object
) -> None:
    changed = QUICK.with_settings({field: value})
    assert changed.value_of(field) == expected
    assert changed.changes_from(QUICK) == {field: (QUICK.value_of(field), expected)}


def test_every_value_of_a_recipe_can_be_set() -> None:
    # What is absent from dumps at its default.
    set_otherwise = QUICK.with_settings(
        {
            "rescalings": [0.5],
            "teacher": "net.safetensors",
            "teacher_weight": 1,
            "routing.label_weight": 1,
            "routing.classes_by": "net.safetensors",
            "decay": "constant",
            "cooldown_fraction": 0.1,
        }
    )
    flat = {
        (field if not isinstance(value, dict) else f"{field}.{name}")
        for field, value in set_otherwise.model_dump().items()
        for name in (value if isinstance(value, dict) else [""])
    }
    assert set(SETTABLE_FIELDS) == flat - {"name", "family"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"sparsity.wieght": 1},
            "unknown field 'sparsity.wieght'; did you mean 'sparsity.weight'?",
        ),
        ({"sparsity": {"weight": 1}}, "unknown field 'sparsity'; did you mean 'sparsity.weight'?"),
        ({"name": "mine"}, "unknown field 'name'"),
        ({"batch_size": 2.5}, "batch_size should be a valid integer, .* got 2.5"),
        ({"batch_size": True}, "batch_size: must not be true or false, got True"),
        ({"zero_last_convolution": 1}, "zero_last_convolution: must be true or false, got 1"),
        ({"learning_rate": float("nan")}, "learning_rate should be"),
        ({"sparsity.weight": -1}, "sparsity.weight should be greater than or equal to 0, got -1"),
        ({"routing.stage": "last"}, "routing.stage should be 'branches', .* got 'last'"),
        ({"final_learning_rate": 1e-6}, "final_learning_rate has an effect only with decay cosine"),
        ({"cooldown_fraction": 0.1}, "cooldown_fraction has an effect only with decay constant"),
        ({"decay": "constant", "cooldown_fraction": 1}, "cooldown_fraction should be less than 1"),
        (
            {"decay": "cosine", "final_learning_rate": 1},
            "final_learning_rate must not be above learning_rate, got 1 and 0.004",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_one_line(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^recipe quick: {message}") as caught:
        QUICK.with_settings(settings)
    assert "\n" not in str(caught.value)


def test_a_changed_recipe_is_checked_in_one_line() -> None:
    assert QUICK.replace(batch_size=3).batch_size == 3
    with pytest.raises(ValueError, match=r"recipe quick: batch_size .* greater than 0, got 0"):
        QUICK.replace(batch_size=0)


def _half_the_batch(recipe: Recipe, config: object) -> Recipe:
    return recipe.replace(batch_size=recipe.batch_size // 2)


def test_an_added_family_adapts_every_recipe_and_brings_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for registry in (FAMILY_RECIPES, RECIPES):
        monkeypatch.setattr(registry, "_entries", dict(registry))
    mine = QUICK.replace(name="mine", family="edsr")
    own = FamilyRecipes(
        "edsr",
        recipes=(mine,),
        adapted=_half_the_batch,
        warnings=lambda recipe, config: ["small"],
    )
    FAMILY_RECIPES.add(own)
    RECIPES.add(mine)
    config = EdsrConfig(scale=2)
    assert recipe_for(get_recipe("mine"), config).batch_size == QUICK.batch_size // 2
    assert recipe_warnings(QUICK, config) == ["small"]
    assert recipe_for(QUICK, FsrcnnConfig(scale=2)) == QUICK
