"""Which part of their work networks with SMSR's mask modules do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from blocks.config import NetworkConfigBase
from blocks.networks.smsr import MaskedNetwork, Masks
from blocks.pixels import to_images
from imaging.evaluation import ValidationPair
from training.behaviour.behaviour import Behaviour, Decisions, Section

DRAWN_IMAGES = 3
"""Of so many images, the first, the masks are kept to be drawn."""


@dataclass(frozen=True)
class ActivePixels:
    """Where the modules of a network compute all channels of an image, by hard masks."""

    name: str
    low: NDArray[np.uint8]
    """The image. Shape: (h, w, 3)."""
    active: NDArray[np.bool_]
    """Shape: (modules, h, w)."""


@dataclass(frozen=True)
class MaskActivity:
    """What the masks of a network let compute."""

    fractions: NDArray[np.float64]
    """The part of its work that each layer does, meaned over the images, in [0, 1].

    Shape: (modules, layers).
    """
    pixels: tuple[ActivePixels, ...]
    """Of the first images."""


def active_fractions(
    network: MaskedNetwork, pairs: Sequence[ValidationPair], *, device: str
) -> NDArray[np.float64]:
    """The part of its work that each layer does, by hard masks, meaned over the images.

    Shape: (modules, layers), values in [0, 1].
    """
    return mask_activity(network, pairs, device=device).fractions


@torch.inference_mode()
def mask_activity(
    network: MaskedNetwork, pairs: Sequence[ValidationPair], *, device: str
) -> MaskActivity:
    """What the hard masks let compute of the low-resolution images."""
    fractions, pixels = [], []
    for number, pair in enumerate(pairs):
        masks = network.masks(to_images(pair.low, device))
        fractions.append(torch.cat([of_module.active_fractions() for of_module in masks]))
        if number < DRAWN_IMAGES:
            pixels.append(_active_pixels(pair, masks))
    mean: NDArray[np.float64] = torch.stack(fractions).double().mean(dim=0).cpu().numpy()
    return MaskActivity(mean, tuple(pixels))


def _active_pixels(pair: ValidationPair, masks: Sequence[Masks]) -> ActivePixels:
    height, width = pair.low.shape[:2]  # the masks of an odd side are one longer
    spatial = torch.cat([of_module.spatial[0, :, :height, :width] for of_module in masks])
    return ActivePixels(pair.name, pair.low, spatial.bool().cpu().numpy())


def _columns(config: NetworkConfigBase) -> tuple[str, ...]:
    return ("active_fraction",) if config.is_input_adaptive else ()


def _decide(network: MaskedNetwork, pairs: Sequence[ValidationPair], device: str) -> Decisions:
    if not network.config.is_input_adaptive:
        return Decisions()
    activity = mask_activity(network, pairs, device=device)
    fractions = activity.fractions
    mean, of_modules = float(fractions.mean()), fractions.mean(axis=1)
    return Decisions(
        logged=(mean,),
        document={"active_fraction": mean, "active_fraction_by_module": of_modules.tolist()},
        sentences=(
            f"active fraction {mean:.3f}, of the modules "
            f"{', '.join(f'{part:.2f}' for part in of_modules)}",
        ),
        sections=(_section(fractions),),
        drawn=activity.pixels,
    )


def _section(fractions: NDArray[np.float64]) -> Section:
    layers = (f"layer {number}" for number in range(1, fractions.shape[1] + 1))
    return Section(
        "Active fraction",
        "The part of all channels and pixels that the hard masks let compute, meaned over the "
        f"validation images: **{fractions.mean():.3f}**.",
        ("module", "mean", *layers),
        tuple(
            (str(number), *(f"{fraction:.3f}" for fraction in (of_module.mean(), *of_module)))
            for number, of_module in enumerate(fractions, 1)
        ),
    )


SMSR_BEHAVIOUR = Behaviour(
    "smsr",
    _columns,
    _decide,
    undecided={"active_fraction": None, "active_fraction_by_module": None},
)
