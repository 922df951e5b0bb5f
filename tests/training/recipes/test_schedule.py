from blocks import HybridConfig, SmsrConfig, SplitSRConfig
from training.recipes.recipe import learning_rate_at
from training.recipes.registry import get_recipe
from training.recipes.schedule import schedule_in_words

SMSR = SmsrConfig(scale=2)
SPLITSR = SplitSRConfig(scale=2, channels=4, groups=1, blocks=1, active_channels=2, hybrid_index=1)


def test_a_shorter_training_names_its_own_steps() -> None:
    words = schedule_in_words(get_recipe("smsr"), SMSR, 2000)
    assert "made for 1,000,000 steps, this training has 2,000" in words
    assert "compressed in proportion" in words
    assert "halved after steps 398, 798, 1,198, 1,598, 1,998;" in words
    assert "weight 0.1 until step 100" in words
    assert "from 1 to 0.4 until step 600" in words


def test_halvings_are_named_by_the_steps_before_them() -> None:
    recipe = get_recipe("smsr")
    rates = [learning_rate_at(recipe, step, 4) for step in range(4)]
    assert rates == [2e-4, 1e-4, 5e-5, 2.5e-5]
    # The last halving would come with step 4, which such a training does not have.
    assert "halved after steps 1, 2, 3;" in schedule_in_words(recipe, SMSR, 4)


def test_a_rate_that_is_never_halved_is_said_to_stay() -> None:
    words = schedule_in_words(get_recipe("smsr"), SMSR, 1)
    assert "learning rate 0.0002 throughout" in words


def test_the_recipes_own_length_is_not_compressed() -> None:
    words = schedule_in_words(get_recipe("splitsr"), SPLITSR, 600_000)
    assert words.startswith("600,000 steps as in recipe splitsr")
    assert "halved after steps 200,000, 400,000" in words


def test_a_longer_training_is_stretched() -> None:
    words = schedule_in_words(get_recipe("quick"), SPLITSR, 3000)
    assert "stretched in proportion: learning rate rises to 0.004 until step 300" in words


def test_a_steady_training_names_what_does_not_change_with_its_length() -> None:
    words = schedule_in_words(get_recipe("steady"), SMSR, 2500)
    assert words.startswith("2,500 steps by recipe steady, which can be continued: ")
    assert "rises to 0.004 until step 50; learning rate 0.004 until the end;" in words
    # Of the recipe's 1,000 steps, not of the training's.
    assert "weight 0.1 until step 50" in words
    assert "from 1 to 0.4 until step 300" in words


def test_a_cooldown_is_named_by_its_beginning() -> None:
    recipe = get_recipe("steady").with_settings({"cooldown_fraction": 0.1})
    words = schedule_in_words(recipe, SPLITSR, 500)
    assert "0.004 until step 450, then falls along a line to 0" in words


def test_a_training_without_sparsity_says_so() -> None:
    recipe = get_recipe("quick").replace(sparsity={"weight": 0})
    assert "no sparsity loss" in schedule_in_words(recipe, SMSR, 1000)


def test_only_a_hybrid_network_with_masks_has_a_schedule_of_sparsity() -> None:
    masked = HybridConfig(scale=2, channels=16, groups=("plain", "masked"))
    recipe = get_recipe("quick")
    assert "temperature falls" in schedule_in_words(recipe, masked, 1000)
    plain = masked.replace(groups=("plain",))
    assert "temperature" not in schedule_in_words(recipe, plain, 1000)
    assert "sparsity" not in schedule_in_words(recipe, plain, 1000)
