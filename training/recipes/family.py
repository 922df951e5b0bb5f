"""What recipes are to one family of networks that they are not to others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from training.recipes.recipe import Recipe


def _as_it_is(recipe: Recipe, config: object) -> Recipe:
    return recipe


def _unclassed(recipe: Recipe, config: object) -> int:
    return 1


def _nothing(recipe: Recipe, of: object) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class FamilyRecipes:
    """One family's part of every recipe, its own recipes, and what it makes of any."""

    name: str
    """Of the family."""
    part: str = ""
    """The field of a recipe that has an effect on this family only."""
    recipes: tuple[Recipe, ...] = ()
    """For this family alone."""
    adapted: Callable[[Recipe, Any], Recipe] = _as_it_is
    """From a recipe and a configuration to the recipe as the network takes it."""
    patch_classes: Callable[[Recipe, Any], int] = _unclassed
    """How many classes the patches of a batch are in, for a recipe and a configuration."""
    events: Callable[[Recipe, int], Sequence[str]] = _nothing
    """What happens at which step, beside the learning rate, in so many steps; in words."""
    warnings: Callable[[Recipe, Any], Sequence[str]] = _nothing
    """What the user should know of a recipe for a configuration."""
