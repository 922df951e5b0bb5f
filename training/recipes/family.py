"""What recipes are to one family of networks that they are not to others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from training.recipes.recipe import Recipe


def _as_it_is(recipe: Recipe, config: object) -> Recipe:
    return recipe


def _unclassed(recipe: Recipe, config: object) -> int:
    return 1


def _nothing(recipe: Recipe, config: object) -> Sequence[str]:
    return ()


def _no_events(recipe: Recipe, config: object, steps: int) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class FamilyRecipes:
    """One family's part of every recipe, its own recipes, and what it makes of any."""

    name: str
    """Of the family."""
    part: str = ""
    """The field of a recipe that has an effect only on families that name it."""
    recipes: tuple[Recipe, ...] = ()
    """For this family alone."""
    adapted: Callable[[Recipe, Any], Recipe] = _as_it_is
    """From a recipe and a configuration to the recipe as the network takes it."""
    patch_classes: Callable[[Recipe, Any], int] = _unclassed
    """How many classes the patches of a batch are in, for a recipe and a configuration."""
    events: Callable[[Recipe, Any, int], Sequence[str]] = _no_events
    """What happens at which step, beside the learning rate, for a recipe, a configuration and so
    many steps; in words."""
    warnings: Callable[[Recipe, Any], Sequence[str]] = _nothing
    """What the user should know of a recipe for a configuration."""
