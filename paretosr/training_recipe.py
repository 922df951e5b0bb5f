"""The recipe of one training: a named one, adapted to the network and by options."""

from collections.abc import Mapping
from pathlib import Path

from blocks import ClassSRConfig, NetworkConfig
from training import Recipe, get_recipe
from training.initial import Start
from training.objectives.registry import patch_classes, recipe_for

BALANCED_BATCH = 32

# Options that are weights inside a part of a recipe: the family they are for, part and field.
_WEIGHTS = {
    "sparsity_weight": ("smsr", "sparsity", "weight"),
    "label_weight": ("classsr", "routing", "label_weight"),
}


def adapted_recipe(
    name: str, config: NetworkConfig, options: Mapping[str, float | None], initial: Start | None
) -> Recipe:
    """The recipe called `name` with those `options` that are given, which are fields of it.

    `sparsity_weight` and `label_weight` stand for those inside `sparsity` and `routing`. A
    network that starts from given weights keeps its last convolutions.

    Raises:
        ValueError: the recipe is unknown, does not fit the network, or a value is not allowed.
    """
    recipe = recipe_for(get_recipe(name), config)
    if recipe.routing.stage == "classifier" and not isinstance(initial, Path):
        raise ValueError(
            f"recipe {name} trains only the classifier, so the branches must be trained: add "
            "--init with the checkpoint of a training by classsr-branch"
        )
    changes: dict[str, object] = {key: value for key, value in options.items() if value is not None}
    for option, (family, part, field) in _WEIGHTS.items():
        if (weight := changes.pop(option, None)) is None:
            continue
        if config.family != family:
            flag = f"--{option.replace('_', '-')}"
            raise ValueError(f"{flag} is for {family} networks, got {config.family}: leave it out")
        changes[part] = {**getattr(recipe, part).model_dump(), field: weight}
    if initial is not None:
        changes["zero_last_convolution"] = False
    return recipe.replace(**changes)


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
