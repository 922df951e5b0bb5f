"""Networks of the user's own."""

from collections.abc import Callable, Sequence
from typing import Any

from blocks import NetworkConfigBase, SuperResolutionNetwork
from blocks.family import Family
from blocks.networks.registry import FAMILIES
from blocks.networks.single import BRANCHES
from blocks.variants.registry import VARIANTS
from blocks.variants.variant import FamilyVariants, Variant
from foundation.plugins import note_plugin
from foundation.registry import Named, Registry, add_together
from search.space import SPACES, FamilySpace, SearchedFamily
from training.objectives.objective import FamilyObjective, Objective
from training.objectives.registry import OBJECTIVES
from training.recipes.family import FamilyRecipes
from training.recipes.registry import FAMILY_RECIPES, RECIPES


def register_family(
    config_type: type[NetworkConfigBase],
    network_type: Callable[..., SuperResolutionNetwork],
    *,
    space: type[FamilySpace] | None = None,
    variants: Sequence[Variant] = (),
    objective: Callable[..., Objective] | None = None,
    recipes: FamilyRecipes | None = None,
) -> None:
    """Make a family of networks known, as if it came with ParetoSR; all of it, or nothing.

    Call it once, in the module that defines the family: other processes import that module to
    measure the networks. A search names the module under `plugins` in its config, the command
    line with `paretosr --plugin MODULE`, a program imports it.

    Args:
        config_type: the networks' configuration, whose field `family` names the family.
        network_type: the network, made from a configuration alone.
        space: what a search varies; without it the family can be used, but not searched.
        variants: other ways to compute the same images, the network's own first.
        objective: what a training minimises, from (network, recipe, processes); without it the
            L1 distance.
        recipes: recipes of the family's own, and what it makes of any other recipe.

    Raises:
        ValueError: the name is taken, a part is of another family or does not fit the others, or
            other processes cannot import the module.

    Examples:
        >>> import paretosr as psr
        >>> from edge_network import EdgeConfig, EdgeNetwork, EdgeSpace  # doctest: +SKIP
        >>> psr.register_family(EdgeConfig, EdgeNetwork, space=EdgeSpace)  # doctest: +SKIP
    """
    family = Family(config_type, network_type)
    additions: list[tuple[Registry[Any], Named]] = [(FAMILIES, family), (BRANCHES, family)]
    if space is not None:
        _check_space(space, family)
        additions.append((SPACES, SearchedFamily(space)))
    if variants:
        additions.append((VARIANTS, FamilyVariants(family.name, tuple(variants))))
    if objective is not None:
        additions.append((OBJECTIVES, FamilyObjective(family.name, objective)))
    if recipes is not None:
        _check_recipes(recipes, family)
        additions.append((FAMILY_RECIPES, recipes))
        additions += ((RECIPES, recipe) for recipe in recipes.recipes)
    note_plugin(config_type.__module__)
    add_together(*additions)


def _check_recipes(recipes: FamilyRecipes, family: Family) -> None:
    names = [recipes.name, *(recipe.family for recipe in recipes.recipes)]
    if strange := [name for name in names if name != family.name]:
        raise ValueError(
            "recipes must be for the family that they are registered with, "
            f"{family.name}, got {strange[0]!r}: set the name of FamilyRecipes and the key family "
            "of each recipe to it"
        )


def _check_space(space: type[FamilySpace], family: Family) -> None:
    if getattr(space, "family", None) != family.name:
        raise ValueError(
            f"the space must be of the family that it is registered with, {family.name}, but "
            f"{space.__name__}.family is {getattr(space, 'family', None)!r}"
        )
    if unknown := _IMAGE_SKIP & space.model_fields.keys() - family.config_type.model_fields.keys():
        raise ValueError(
            f"{space.__name__} varies {', '.join(unknown)}, which {family.config_type.__name__} "
            "does not have: add the field, or take FamilySpace as the base class"
        )
    typical = space().typical(2)
    if not isinstance(typical, family.config_type):
        raise ValueError(
            f"{space.__name__}.network must return a {family.config_type.__name__}, got a "
            f"{type(typical).__name__}"
        )


_IMAGE_SKIP = frozenset({"image_skip"})
