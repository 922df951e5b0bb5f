"""What the structure of a network says of its worth, without any training.

Of ClassSR networks the hardest branch is looked at, which gives the best images.
"""

import math
from dataclasses import dataclass

import torch

from blocks import NetworkConfig
from blocks.config import NetworkConfigBase
from blocks.networks.classsr import ClassSRConfig
from profilers.counting.analytic_cost import network_on_meta
from profilers.counting.observer import Call, ObservedOperators

LR_SIZE_PX = 64


@dataclass(frozen=True)
class Structure:
    """Features of one network."""

    width: int
    """Its channels."""
    convolutions: int
    """Run over the whole image, one after the other or beside each other."""
    dense_equivalent_depth: float
    """In 3x3 convolutions between all channels: of each, the root of its share of such weights.

    So a convolution of an eighth of the channels counts an eighth, and none counts more than 1.
    """
    receptive_field_radius_px: int | None
    """As the configuration knows it; None where an output pixel depends on the whole image."""
    convolution_radius_px: float
    """The sum over the convolutions, in low-resolution pixels, without what is pooled."""


def structure_of(config: NetworkConfig) -> Structure:
    """The features of the network that `config` describes; no weight is allocated."""
    looked_at: NetworkConfigBase = config
    if isinstance(config, ClassSRConfig):
        looked_at = config.branches[-1]
    width = int(looked_at.model_dump()["channels"])
    shapes = _convolutions(looked_at)
    shares = [math.sqrt(shape.weights / (9 * width**2)) for shape in shapes]
    return Structure(
        width,
        len(shapes),
        round(sum(min(1.0, share) for share in shares), 4),
        looked_at.receptive_field_radius_px,
        round(sum(shape.radius_px for shape in shapes), 2),
    )


@dataclass(frozen=True)
class _Convolution:
    weights: int
    radius_px: float


def _convolutions(config: NetworkConfigBase) -> list[_Convolution]:
    """Those of the first path that are run over at least the low-resolution pixels."""
    found: list[_Convolution] = []

    def observe(call: Call) -> None:
        if call.name != "aten.convolution":
            return
        weight, output = call.args[1], call.tensors[-1]
        if output.shape[-1] >= LR_SIZE_PX:
            finer = output.shape[-1] / LR_SIZE_PX
            found.append(_Convolution(weight.numel(), (weight.shape[-1] - 1) / 2 / finer))

    network = network_on_meta(config)
    image = torch.empty(1, 3, LR_SIZE_PX, LR_SIZE_PX, device="meta")
    with torch.no_grad(), ObservedOperators(observe):
        network.paths()[0](image)
    return found
