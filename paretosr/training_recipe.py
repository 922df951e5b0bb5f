"""The recipe of one training: a named one, adapted to the network and to what it starts from."""

from pathlib import Path

from blocks import NetworkConfig
from training import Recipe
from training.initial import Start
from training.recipes.choice import RecipeChoice


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
