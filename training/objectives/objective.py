"""What a step of training minimises, as a module around the network.

An objective holds the network, so that it can be wrapped for several processes. It takes a batch
and how much of the training is done, from 0 to 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional

from blocks.layers import SuperResolutionNetwork
from training.distributed import ALONE, Processes
from training.objectives.losses import fourier_l1
from training.recipes.recipe import Recipe


@dataclass(frozen=True)
class Loss:
    """What is minimised on one batch, a scalar, and what it is made of."""

    total: Tensor
    parts: Mapping[str, Tensor]
    """Scalars without gradient, not yet weighed, by their name in the training's log."""


class Objective(nn.Module, ABC):
    """The loss of a network on a batch, or on one process's part of it.

    The mean of the losses of all `processes` is that of the whole batch.
    """

    draws_noise: ClassVar[bool] = False
    """Whether a forward pass draws from torch's global generators."""

    def __init__(
        self, network: SuperResolutionNetwork, recipe: Recipe, processes: Processes = ALONE
    ) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.processes = processes

    @abstractmethod
    def forward(
        self, low: Tensor, high: Tensor, progress: float, taught: Tensor | None = None
    ) -> Loss:
        """The loss when `progress` of the training, in [0, 1), is done.

        `taught` are a teacher's images, if there is one.

        Shape: (N, 3, p, p) and twice (N, 3, scale p, scale p), the first two float32 in [0, 1].
        """

    def pixel_loss(self, restored: Tensor, high: Tensor, taught: Tensor | None = None) -> Loss:
        """The L1 distance, and that of the spectra where the recipe weighs it.

        Of a teacher's images the distance alone is weighed.
        """
        restored = restored.float()
        total = functional.l1_loss(restored, high)
        parts = {"l1": total.detach()}
        if taught is not None:
            unlike = functional.l1_loss(restored, taught.float())
            weight = self.recipe.teacher_weight
            total = (1 - weight) * total + weight * unlike
            parts["teacher_l1"] = unlike.detach()
        if self.recipe.fourier_weight:
            fourier = fourier_l1(restored, high)
            total = total + self.recipe.fourier_weight * fourier
            parts["fourier"] = fourier.detach()
        return Loss(total, parts)


@dataclass(frozen=True)
class FamilyObjective:
    """What the networks of one family minimise."""

    name: str
    """Of the family."""
    make: Callable[[Any, Recipe, Processes], Objective]
    """From a network, a recipe and the processes that share a batch."""
