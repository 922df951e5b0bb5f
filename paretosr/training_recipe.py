"""The recipe of one training: a named one, adapted to the network and by options."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from blocks import ClassSRConfig, NetworkConfig
from training import Recipe
from training.initial import Start
from training.objectives.registry import patch_classes
from training.recipes.choice import RecipeChoice
from training.recipes.recipe import Settings

BALANCED_BATCH = 32


def recipe_settings(assignments: Sequence[str], options: Mapping[str, object]) -> Settings:
    """What is set of a recipe: by `--set FIELD=VALUE`, and by options named after a field.

    Values are read as in a YAML file; an option that is None is not given.

    Raises:
        ValueError: an assignment is not one, or a field is set twice.
    """
    settings = {field: value for field, value in options.items() if value is not None}
    for assignment in assignments:
        field, equals, text = assignment.partition("=")
        if not equals:
            raise ValueError(
                f"--set must be FIELD=VALUE, as in learning_rate=0.001, got {assignment!r}"
            )
        if field in settings:
            raise ValueError(f"{field} must be set once, got --set {assignment} beside another")
        try:
            settings[field] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(
                f"--set {field} must have a number, a word or [a list], got {text!r}"
            ) from error
    return settings


def adapted_recipe(choice: RecipeChoice, config: NetworkConfig, initial: Start | None) -> Recipe:
    """The recipe for the network of `config`, trained from `initial`.

    A network that starts from given weights keeps its last convolutions, unless it was set that
    they begin at zero.

    Raises:
        ValueError: the choice does not fit the network or what it starts from.
    """
    choice.check_use([config.family])
    recipe = choice.for_network(config)
    if recipe.routing.stage == "classifier" and not isinstance(initial, Path):
        raise ValueError(
            f"recipe {recipe.name} trains only the classifier, so the branches must be trained: "
            "add --init with the checkpoint of a training by classsr-branch"
        )
    if initial is not None and "zero_last_convolution" not in choice.settings:
        return recipe.replace(zero_last_convolution=False)
    return recipe


def recipe_warnings(recipe: Recipe, config: NetworkConfig) -> list[str]:
    """What the user should know about the choice."""
    if not isinstance(config, ClassSRConfig):
        return []
    if recipe.routing.stage == "branches":
        if recipe.routing.label_weight:
            return []
        return [
            "this stage leaves the classifier as it is, so that quality and classes on the "
            "validation images say nothing before the next stage: --recipe classsr-classifier "
            "with --init"
        ]
    patches = recipe.batch_size * patch_classes(recipe, config)
    if patches < BALANCED_BATCH:
        return [
            f"the batch of {patches} patches is small for the loss that balances the "
            f"classes: {BALANCED_BATCH} or more (--batch-size) mean more"
        ]
    return []
