"""What each family's networks minimise in training: the L1 distance, unless it is listed here."""

import inspect

from blocks.layers import SuperResolutionNetwork
from foundation.registry import Registry
from training.distributed import ALONE, Processes
from training.objectives.classsr import CLASSSR_OBJECTIVE
from training.objectives.l1 import PixelObjective
from training.objectives.objective import Objective
from training.objectives.smsr import HYBRID_OBJECTIVE, SMSR_OBJECTIVE
from training.recipes.recipe import Recipe
from training.recipes.registry import check_family

OBJECTIVES = Registry("objective", (SMSR_OBJECTIVE, CLASSSR_OBJECTIVE, HYBRID_OBJECTIVE))


def objective_for(
    network: SuperResolutionNetwork, recipe: Recipe, processes: Processes = ALONE
) -> Objective:
    """What `recipe` minimises for `network`; parameters that it does not train are frozen.

    Raises:
        ValueError: the recipe is for another family of networks, or has a teacher from whom what
            the family minimises does not learn.
    """
    check_family(recipe, network.config)
    own = OBJECTIVES.get(network.config.family)
    make = PixelObjective if own is None else own.make
    objective = make(network, recipe, processes)
    # A family from outside may have been written before there were teachers.
    learns = "taught" in inspect.signature(objective.forward).parameters
    if recipe.teacher is not None and not learns:
        raise ValueError(
            f"{network.config.family} networks must be trained without a teacher, for their "
            f"objective's forward has no parameter `taught`, got {recipe.teacher}: leave it out"
        )
    return objective
