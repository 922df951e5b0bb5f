"""What networks with SMSR's mask modules minimise: the distance of their images, and their work.

Source: Wang et al. 2021 (SMSR), arXiv:2006.09603.
"""

from torch import Tensor

from blocks.layers import SuperResolutionNetwork
from blocks.networks.smsr import MaskedNetwork
from training.distributed import Processes
from training.objectives.l1 import PixelObjective
from training.objectives.objective import FamilyObjective, Loss, Objective
from training.recipes.recipe import Recipe

PEAK = 255
"""SMSR weighs its sparsity against errors of values from 0 to 255."""


class SparseObjective(Objective):
    """A network through its soft masks: the distance, and the weighed fraction of active work."""

    network: MaskedNetwork
    draws_noise = True

    def forward(
        self, low: Tensor, high: Tensor, progress: float, taught: Tensor | None = None
    ) -> Loss:
        sparsity = self.recipe.sparsity
        output = self.network.soft(low, sparsity.temperature_at(progress))
        pixel = self.pixel_loss(output.images, high, taught)
        active = output.active_fraction.float()
        total = PEAK * pixel.total + sparsity.weight_at(progress) * active
        return Loss(total, {**pixel.parts, "soft_active_fraction": active.detach()})


def sparse_or_pixel(
    network: SuperResolutionNetwork, recipe: Recipe, processes: Processes
) -> Objective:
    """The objective of a network that may have mask modules or not."""
    make = SparseObjective if network.config.is_input_adaptive else PixelObjective
    return make(network, recipe, processes)


SMSR_OBJECTIVE = FamilyObjective("smsr", SparseObjective)
HYBRID_OBJECTIVE = FamilyObjective("hybrid", sparse_or_pixel)
