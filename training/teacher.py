"""A trained network whose images another one learns beside the originals.

Source: Hinton et al. 2015, arXiv:1503.02531, with images in place of classes: knowledge is
distilled by the output alone, so that teacher and pupil need nothing in common but the scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from blocks.checkpoints import load_network, weights_digest
from blocks.config import NetworkConfigBase
from blocks.variants.registry import export_variant, in_variant
from training.recipes.recipe import Recipe

_WEIGHTS = ", weights "


@dataclass(frozen=True)
class Teacher:
    """A trained network at inference."""

    identity: str
    """Its design and its weights, by their short names."""
    network: nn.Module

    @torch.no_grad()
    def images(self, low: Tensor) -> Tensor:
        """What it makes of a batch. Shape: (N, 3, p, p) -> (N, 3, scale p, scale p)."""
        images: Tensor = self.network(low)
        return images


def teacher_of(recipe: Recipe, pupil: NetworkConfigBase, *, device: str) -> Teacher | None:
    """Return the teacher that the recipe names, on `device`, or None where it names none.

    It runs in the variant that is exported: folded where its family can be. Timing the variants
    would choose now one, now another, and a training that was interrupted would not go on to the
    last bit.

    Raises:
        ValueError: the file is missing, damaged or without a design; the teacher's scale is not
            the pupil's; patches are too small for it.
    """
    if recipe.teacher is None:
        return None
    network = load_network(Path(recipe.teacher))
    config = network.config
    if config.scale != pupil.scale:
        raise ValueError(
            f"the teacher must enlarge by {pupil.scale} as the network that it teaches, got "
            f"x{config.scale} in {recipe.teacher}: name a network of that scale"
        )
    if config.minimum_size_px > recipe.lr_patch_px:
        raise ValueError(
            f"patches must have at least the {config.minimum_size_px} px that the teacher in "
            f"{recipe.teacher} needs, got {recipe.lr_patch_px}: train on larger ones (--lr-patch)"
        )
    identity = f"{config.arch_id}{_WEIGHTS}{weights_digest(network.state_dict())}"
    teacher = in_variant(network, export_variant(config))
    # Typed for dtype and device together, but not with the memory format.
    teacher.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Teacher(identity, teacher)


def taught_by(metadata: Mapping[str, str]) -> tuple[str, str] | None:
    """The design and the digest of the weights that taught a checkpoint; None without a teacher."""
    arch_id, _, weights = metadata.get("teacher", "").partition(_WEIGHTS)
    return (arch_id, weights) if weights else None
