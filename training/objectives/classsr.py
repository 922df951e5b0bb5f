"""What ClassSR minimises, by the stage of its training.

Source: Kong et al. 2021 (ClassSR), arXiv:2103.04039, but for the stage "apart".
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from blocks.networks.classsr import ClassSR, SoftOutput
from training.distributed import ALONE, Processes
from training.objectives.losses import average_loss, class_loss, label_loss
from training.objectives.objective import FamilyObjective, Loss, Objective
from training.recipes.recipe import Recipe, Stage


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

    def forward(
        self, low: Tensor, high: Tensor, progress: float, taught: Tensor | None = None
    ) -> Loss:
        branches = self.network.branches
        classes = len(branches)
        taught_by_class = [None] * classes if taught is None else taught.chunk(classes)
        losses = [
            self.pixel_loss(branch(low_of_class), high_of_class, taught_of_class).total
            for branch, low_of_class, high_of_class, taught_of_class in zip(
                branches, low.chunk(classes), high.chunk(classes), taught_by_class, strict=True
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

    def forward(
        self, low: Tensor, high: Tensor, progress: float, taught: Tensor | None = None
    ) -> Loss:
        return self.routing_loss(self.network.soft(low), high, taught)

    def routing_loss(self, output: SoftOutput, high: Tensor, taught: Tensor | None = None) -> Loss:
        """The weighed distance of mixed images, and what is asked of the probabilities."""
        routing = self.recipe.routing
        pixel = self.pixel_loss(output.images, high, taught)
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
    of them is ever chosen, and the others would never learn. A teacher is the branches' alone.
    """

    def forward(
        self, low: Tensor, high: Tensor, progress: float, taught: Tensor | None = None
    ) -> Loss:
        enlarged = [branch(low) for branch in self.network.branches]
        mixed = self.network.mixed(low, [images.detach() for images in enlarged])
        routing = self.routing_loss(mixed, high)
        losses = [self.pixel_loss(images, high, taught).total for images in enlarged]
        own = torch.stack(losses).sum()
        return Loss(routing.total + self.recipe.routing.pixel_weight * own, routing.parts)


def _train_only(network: nn.Module, trained: Iterable[nn.Parameter]) -> None:
    network.requires_grad_(False)
    for parameter in trained:
        parameter.requires_grad_(True)


_BY_STAGE: Mapping[Stage, type[BranchesObjective | RoutingObjective]] = MappingProxyType(
    {
        "branches": BranchesObjective,
        "classifier": RoutingObjective,
        "joint": RoutingObjective,
        "apart": ApartObjective,
    }
)


def _of_stage(network: ClassSR, recipe: Recipe, processes: Processes) -> Objective:
    return _BY_STAGE[recipe.routing.stage](network, recipe, processes)


CLASSSR_OBJECTIVE = FamilyObjective("classsr", _of_stage)
