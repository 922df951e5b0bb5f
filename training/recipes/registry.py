"""The recipes by name, and what each family of networks makes of them."""

from collections.abc import Sequence

from blocks.config import NetworkConfigBase
from foundation.registry import Registry
from training.recipes.classsr import CLASSSR_RECIPES
from training.recipes.family import FamilyRecipes
from training.recipes.published import LONG, MEDIUM, QUICK, SEEMORE, SPLITSR, STEADY
from training.recipes.recipe import Recipe
from training.recipes.smsr import HYBRID_RECIPES, SMSR_RECIPES

FAMILY_RECIPES = Registry("family of recipes", (SMSR_RECIPES, CLASSSR_RECIPES, HYBRID_RECIPES))
"""The families that recipes treat in a way of their own."""

RECIPES = Registry(
    "recipe",
    (
        QUICK,
        STEADY,
        MEDIUM,
        LONG,
        SEEMORE,
        SPLITSR,
        *(r for own in FAMILY_RECIPES.values() for r in own.recipes),
    ),
)

_OTHERS = FamilyRecipes("")


def get_recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises:
        ValueError: no recipe has that name; the message lists those that exist.
    """
    if name not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]


def check_family(recipe: Recipe, config: NetworkConfigBase) -> None:
    """Check that the recipe can train the network of `config`.

    Raises:
        ValueError: the recipe is for another family of networks.
    """
    if recipe.family not in (None, config.family):
        raise ValueError(
            f"recipe {recipe.name} trains networks of the family {recipe.family}, got "
            f"{config.family}: choose a recipe of its own, or quick, medium or long"
        )


def recipe_for(recipe: Recipe, config: NetworkConfigBase) -> Recipe:
    """The recipe as the network of `config` takes it.

    Raises:
        ValueError: the recipe is for another family of networks.
    """
    check_family(recipe, config)
    return _own(config).adapted(recipe, config)


def patch_classes(recipe: Recipe, config: NetworkConfigBase) -> int:
    """How many classes the patches of a batch are in; 1 where they are not classed."""
    return _own(config).patch_classes(recipe, config)


def events(recipe: Recipe, config: NetworkConfigBase, steps: int) -> Sequence[str]:
    """What happens at which step beside the learning rate, in words."""
    return _own(config).events(recipe, config, steps)


def recipe_warnings(recipe: Recipe, config: NetworkConfigBase) -> Sequence[str]:
    """What the user should know about the choice of a recipe for the network of `config`."""
    return _own(config).warnings(recipe, config)


def families_of_part(part: str) -> tuple[str, ...]:
    """The only families of networks that a part of a recipe has an effect on; () for all."""
    return tuple(own.name for own in FAMILY_RECIPES.values() if own.part == part)


def _own(config: NetworkConfigBase) -> FamilyRecipes:
    return FAMILY_RECIPES.get(config.family, _OTHERS)
