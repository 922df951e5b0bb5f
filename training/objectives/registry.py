"""What a step of training minimises, chosen by the network and its recipe.

An objective is a module that holds the network, so that it can be wrapped for several
processes. It takes a batch and how much of the training is done, from 0 to 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.config import NetworkConfigBase
from blocks.networks.classsr import ClassSR, ClassSRConfig, SoftOutput
from blocks.networks.registry import SuperResolutionNetwork
from blocks.networks.smsr import Smsr
from training.distributed import ALONE, Processes
from training.objectives.losses import average_loss, class_loss, fourier_l1, label_loss
from training.recipes.published import BY_BACKBONE
from training.recipes.recipe import BRANCHES, Recipe, Stage

PEAK = 255
"""SMSR weighs its sparsity against errors of values from 0 to 255."""


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

    They share no weight, so the sum of their distances trains each as if it were alone. Where
    labels are weighed, the classifier learns the classes beside them.
    """

    network: ClassSR

    def __init__(self, network: ClassSR, recipe: Recipe, processes: Processes = ALONE) -> None:
        super().__init__(network, recipe, processes)
        trained = network if recipe.routing.label_weight else network.branches
        _train_only(network, trained.parameters())

    def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
        branches = self.network.branches
        losses = [
            self.pixel_loss(branch(low_of_class), high_of_class).total
            for branch, low_of_class, high_of_class in zip(
                branches, low.chunk(len(branches)), high.chunk(len(branches)), strict=True
            )
        ]
        parts = {f"class_{number}_loss": loss.detach() for number, loss in enumerate(losses, 1)}
        total = torch.stack(losses).sum()
        if weight := self.recipe.routing.label_weight:
            unlike = label_loss(self.network.classifier.of_whole(low).float().softmax(dim=1))
            total = total + weight * unlike
            parts["label_loss"] = unlike.detach()
        return Loss(total, parts)


class RoutingObjective(Objective):
    """ClassSR's soft output, and how decided and how balanced its classifier is.

    In the classifier's stage the branches are frozen, so that no gradient passes them.
    """

    network: ClassSR

    def __init__(self, network: ClassSR, recipe: Recipe, processes: Processes = ALONE) -> None:
        super().__init__(network, recipe, processes)
        if recipe.routing.stage == "classifier":
            _train_only(network, network.classifier.parameters())

    def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
        return self.routing_loss(self.network.soft(low), high)

    def routing_loss(self, output: SoftOutput, high: Tensor) -> Loss:
        """The weighed distance of mixed images, and what is asked of the probabilities."""
        routing = self.recipe.routing
        pixel = self.pixel_loss(output.images, high)
        probabilities = output.probabilities.float()
        undecided = class_loss(probabilities)
        # Not a mean over patches: the balance of a part says nothing of that of the whole batch.
        uneven = average_loss(self.processes.gathered(probabilities))
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


class ApartObjective(RoutingObjective):
    """Each branch's own images of every patch, and the classifier's mix, which trains no branch.

    Trained by the mix from the start, as jointly, branches of random weights would decide which
    of them is ever chosen, and the others would never learn.
    """

    def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
        enlarged = [branch(low) for branch in self.network.branches]
        mixed = self.network.mixed(low, [images.detach() for images in enlarged])
        routing = self.routing_loss(mixed, high)
        own = torch.stack([self.pixel_loss(images, high).total for images in enlarged]).sum()
        return Loss(routing.total + self.recipe.routing.pixel_weight * own, routing.parts)


_BY_STAGE: Mapping[Stage, type[BranchesObjective | RoutingObjective]] = MappingProxyType(
    {
        "branches": BranchesObjective,
        "classifier": RoutingObjective,
        "joint": RoutingObjective,
        "apart": ApartObjective,
    }
)


def objective_for(
    network: SuperResolutionNetwork, recipe: Recipe, processes: Processes = ALONE
) -> Objective:
    """What `recipe` minimises for `network`; parameters that it does not train are frozen.

    Raises:
        ValueError: the recipe is for another family of networks.
    """
    check_family(recipe, network.config)
    if isinstance(network, Smsr):
        return SparseObjective(network, recipe, processes)
    if isinstance(network, ClassSR):
        return _BY_STAGE[recipe.routing.stage](network, recipe, processes)
    return PixelObjective(network, recipe, processes)


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


def recipe_for(recipe: Recipe, config: NetworkConfigBase) -> Recipe:
    """The recipe as the network of `config` takes it.

    ClassSR takes patches of the size in which it cuts images, each as it is drawn: its
    classifier has to see easy ones as often as images have them. Its hardest branch, in the
    published networks the backbone itself, decides what `BY_BACKBONE` has for it.

    Raises:
        ValueError: the recipe is for another family of networks.
    """
    check_family(recipe, config)
    if isinstance(config, ClassSRConfig):
        of_backbone = BY_BACKBONE.get(recipe.name, {}).get(config.branches[-1].family, {})
        cut = {"lr_patch_px": config.patch_px, "best_of": 1}
        return recipe.with_settings({**cut, **of_backbone})
    return recipe


def patch_classes(recipe: Recipe, config: NetworkConfigBase) -> int:
    """How many classes the patches of a batch are in; 1 where they are not classed."""
    routing = recipe.routing
    is_classed = routing.stage == BRANCHES or routing.label_weight > 0
    return len(config.branches) if is_classed and isinstance(config, ClassSRConfig) else 1


def _train_only(network: nn.Module, trained: Iterable[nn.Parameter]) -> None:
    network.requires_grad_(False)
    for parameter in trained:
        parameter.requires_grad_(True)
