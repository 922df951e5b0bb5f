"""Which experts SeemoRe's groups of mixers choose."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from blocks.networks.seemore import ExpertsNetwork
from blocks.networks.seemore_config import ExpertsConfig
from blocks.pixels import to_images
from imaging.evaluation import ValidationPair
from training.behaviour.behaviour import Behaviour, Decisions, Section


@dataclass(frozen=True)
class ExpertChoices:
    """The experts that the router of each layer chooses for each image.

    A layer is a group of mixers: each has one router.
    """

    ranks: tuple[int, ...]
    """One for each expert."""
    images: tuple[str, ...]
    """Their names."""
    chosen: NDArray[np.bool_]
    """Shape: (images, layers, experts)."""

    @property
    def share_by_layer(self) -> NDArray[np.float64]:
        """The part of the images for which an expert is chosen. Shape: (layers, experts)."""
        share: NDArray[np.float64] = self.chosen.mean(axis=0)
        return share

    @property
    def never_chosen(self) -> int:
        """How many experts, over all layers, are chosen for no image."""
        return int((~self.chosen.any(axis=0)).sum())

    @property
    def experts(self) -> tuple[str, ...]:
        """What the experts are called, by number and rank."""
        return tuple(f"expert {number} (rank {rank})" for number, rank in enumerate(self.ranks, 1))

    def numbers(self, image: int, layer: int) -> list[int]:
        """The experts that are chosen, counted from 1; image and layer are counted from 0."""
        return [int(expert) + 1 for expert in np.flatnonzero(self.chosen[image, layer])]


@torch.inference_mode()
def expert_choices(
    network: ExpertsNetwork, pairs: Sequence[ValidationPair], *, device: str
) -> ExpertChoices:
    """The experts chosen for the low-resolution images, each as a whole."""
    assert isinstance(network.config, ExpertsConfig)  # as networks with experts have one
    of_images = [network.chosen_experts(to_images(pair.low, device))[0] for pair in pairs]
    chosen: NDArray[np.bool_] = torch.stack(of_images).cpu().numpy()
    return ExpertChoices(network.config.ranks, tuple(pair.name for pair in pairs), chosen)


def _columns(config: ExpertsConfig) -> tuple[str, ...]:
    if not config.chooses_experts:
        return ()
    return tuple(f"expert_{number}_share" for number in range(1, len(config.ranks) + 1))


def _decide(network: ExpertsNetwork, pairs: Sequence[ValidationPair], device: str) -> Decisions:
    config = network.config
    assert isinstance(config, ExpertsConfig)  # as networks with experts have one
    if not config.chooses_experts:
        return Decisions()
    choices = expert_choices(network, pairs, device=device)
    shares = choices.share_by_layer.mean(axis=0)
    told = (
        f"{expert} {100 * share:.1f} %"
        for expert, share in zip(choices.experts, shares, strict=True)
    )
    return Decisions(
        logged=tuple(shares.tolist()),
        document={"experts": _document(choices)},
        sentences=(f"chosen over all layers and images: {', '.join(told)}",),
        sections=(_by_layer(choices, config.top_k), _by_image(choices)),
        drawn=choices,
    )


def _document(choices: ExpertChoices) -> dict[str, object]:
    layers = range(choices.chosen.shape[1])
    return {
        "ranks": list(choices.ranks),
        "share_by_layer": choices.share_by_layer.tolist(),
        "images": [
            {"name": name, "chosen_by_layer": [choices.numbers(image, layer) for layer in layers]}
            for image, name in enumerate(choices.images)
        ],
    }


def _by_layer(choices: ExpertChoices, top_k: int) -> Section:
    images, layers, experts = choices.chosen.shape
    each = "one expert" if top_k == 1 else f"{top_k} experts"
    return Section(
        "Experts chosen by each layer",
        f"The router of each layer chooses {each} for an image. Shown is the share of images, "
        f"{images} in all, for which each is chosen; {choices.never_chosen} of {layers * experts} "
        "experts are chosen for none.",
        ("layer", *choices.experts),
        tuple(
            (str(number), *(f"{100 * share:.1f} %" for share in shares))
            for number, shares in enumerate(choices.share_by_layer, 1)
        ),
    )


def _by_image(choices: ExpertChoices) -> Section:
    layers = range(choices.chosen.shape[1])
    return Section(
        "Experts chosen for each image",
        "The numbers of the experts that each layer chooses.",
        ("image", *(f"layer {layer + 1}" for layer in layers)),
        tuple(
            (name, *(", ".join(map(str, choices.numbers(image, layer))) for layer in layers))
            for image, name in enumerate(choices.images)
        ),
    )


SEEMORE_BEHAVIOUR = Behaviour("seemore", _columns, _decide, undecided={"experts": None})
