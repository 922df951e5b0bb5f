"""The recipe of one training: a named one, adapted to the network and to what it starts from."""

from pathlib import Path

from blocks import ClassSRConfig, NetworkConfig
from training import Recipe
from training.initial import Start
from training.objectives.registry import patch_classes
from training.recipes.choice import RecipeChoice

BALANCED_BATCH = 32


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
