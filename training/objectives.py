"""What a step of training minimises, chosen by the network and its recipe.

An objective is a module that holds the network, so that it can be wrapped for several
processes. It takes a batch and how much of the training is done, from 0 to 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.classsr import ClassSR, ClassSRConfig
from blocks.config import NetworkConfigBase
from blocks.networks import SuperResolutionNetwork
from blocks.smsr import Smsr
from training.losses import average_loss, class_loss, fourier_l1, label_loss
from training.recipe import BRANCHES, Recipe

PEAK = 255
"""SMSR weighs its sparsity against errors of values from 0 to 255."""


@dataclass(frozen=True)
class Loss:
    """What is minimised on one batch, a scalar, and what it is made of."""

    total: Tensor
    parts: Mapping[str, Tensor]
    """Scalars without gradient, not yet weighed, by their name in the training's log."""


class Objective(nn.Module, ABC):
    """The loss of a network on a batch."""

    draws_noise: ClassVar[bool] = False
    """Whether a forward pass draws from torch's global generators."""

    def __init__(self, network: SuperResolutionNetwork, recipe: Recipe) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe

    @abstractmethod
    def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
        """The loss when `progress` of the training, in [0, 1), is done.

        Shape: (N, 3, p, p) and (N, 3, scale p, scale p), both float32 in [0, 1].
        """

    def pixel_loss(self, restored: Tensor, high: Tensor) -> Loss:
        """The L1 distance, and that of the spectra where the recipe weighs it."""
        restored = restored.float()
        total = functional.l1_loss(restored, high)
        parts = {"l1": total.detach()}
        if self.recipe.fourier_weight:
            fourier = fourier_l1(restored, high)
            total = total + self.recipe.fourier_weight * fourier
            parts["fourier"] = fourier.detach()
        return Loss(total, parts)


class PixelObjective(Objective):
    """How far the images are from the originals."""

    def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
        return self.pixel_loss(self.network(low), high)


class SparseObjective(Objective):
    """SMSR through its soft masks: the distance, and the weighed fraction of active work."""

    network: Smsr
    draws_noise = True

    def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
        sparsity = self.recipe.sparsity
        output = self.network.soft(low, sparsity.temperature_at(progress))
        pixel = self.pixel_loss(output.images, high)
        active = output.active_fraction.float()
        total = PEAK * pixel.total + sparsity.weight_at(progress) * active
        return Loss(total, {**pixel.parts, "soft_active_fraction": active.detach()})


class BranchesObjective(Objective):
    """ClassSR's branches, each on its own share of a batch that is ordered by class.

    They share no weight, so the sum of their distances trains each as if it were alone.
    """

    network: ClassSR

    def __init__(self, network: ClassSR, recipe: Recipe) -> None:
        super().__init__(network, recipe)
        _train_only(network, network.branches.parameters())

    def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
        branches = self.network.branches
        losses = [
            self.pixel_loss(branch(low_of_class), high_of_class).total
            for branch, low_of_class, high_of_class in zip(
                branches, low.chunk(len(branches)), high.chunk(len(branches)), strict=True
            )
        ]
        parts = {f"class_{number}_loss": loss.detach() for number, loss in enumerate(losses, 1)}
        return Loss(torch.stack(losses).sum(), parts)


class RoutingObjective(Objective):
    """ClassSR's soft output, and how decided and how balanced its classifier is.

    In the classifier's stage the branches are frozen, so that no gradient passes them.
    """

    network: ClassSR

    def __init__(self, network: ClassSR, recipe: Recipe) -> None:
        super().__init__(network, recipe)
        if recipe.routing.stage == "classifier":
            _train_only(network, network.classifier.parameters())

    def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
        routing = self.recipe.routing
        output = self.network.soft(low)
        pixel = self.pixel_loss(output.images, high)
        probabilities = output.probabilities.float()
        undecided, uneven = class_loss(probabilities), average_loss(probabilities)
        total = (
            routing.pixel_weight * pixel.total
            + routing.class_weight * undecided
            + routing.average_weight * uneven
        )
        parts = {"class_loss": undecided.detach(), "average_loss": uneven.detach()}
        if routing.label_weight:
            unlike = label_loss(probabilities)
            total = total + routing.label_weight * unlike
            parts["label_loss"] = unlike.detach()
        return Loss(total, {**pixel.parts, **parts})


def objective_for(network: SuperResolutionNetwork, recipe: Recipe) -> Objective:
    """What `recipe` minimises for `network`; parameters that it does not train are frozen.

    Raises:
        ValueError: the recipe is for another family of networks.
    """
    check_family(recipe, network.config)
    if isinstance(network, Smsr):
        return SparseObjective(network, recipe)
    if isinstance(network, ClassSR):
        stage = recipe.routing.stage
        return (BranchesObjective if stage == BRANCHES else RoutingObjective)(network, recipe)
    return PixelObjective(network, recipe)


def check_family(recipe: Recipe, config: NetworkConfigBase) -> None:
    """Check that the recipe can train the network of `config`.

    Raises:
        ValueError: the recipe is for another family of networks.
    """
    if recipe.family not in (None, config.family):
        raise ValueError(
            f"recipe {recipe.name} trains networks of the family {recipe.family}, got "
            f"{config.family}: choose a recipe of its own, or quick or long"
        )


def patch_classes(recipe: Recipe, config: NetworkConfigBase) -> int:
    """How many classes the patches of a batch are in; 1 where they are not classed."""
    routing = recipe.routing
    is_classed = routing.stage == BRANCHES or routing.label_weight > 0
    return len(config.branches) if is_classed and isinstance(config, ClassSRConfig) else 1


def _train_only(network: nn.Module, trained: Iterable[nn.Parameter]) -> None:
    network.requires_grad_(False)
    for parameter in trained:
        parameter.requires_grad_(True)
