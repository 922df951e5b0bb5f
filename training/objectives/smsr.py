"""What SMSR minimises: the distance of its images, and its work.

Source: Wang et al. 2021 (SMSR), arXiv:2006.09603.
"""

from torch import Tensor

from blocks.networks.smsr import Smsr
from training.objectives.objective import FamilyObjective, Loss, Objective

PEAK = 255
"""SMSR weighs its sparsity against errors of values from 0 to 255."""


class SparseObjective(Objective):
    """SMSR through its soft masks: the distance, and the weighed fraction of active work."""

    network: Smsr
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


SMSR_OBJECTIVE = FamilyObjective("smsr", SparseObjective)
