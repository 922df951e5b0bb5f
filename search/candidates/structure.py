"""What the structure of a network says of its worth, without any training."""

import math
from dataclasses import dataclass

import torch

from blocks import NetworkConfig
from blocks.config import NetworkConfigBase
from blocks.networks.classsr import ClassSRConfig
from profilers.counting.analytic_cost import network_on_meta
from profilers.counting.observer import Call, ObservedOperators
from search.allocation.state import Structure

LR_SIZE_PX = 64


def structure_of(config: NetworkConfig, macs: int) -> Structure:
    """The features of the network that `config` describes; no weight is allocated.

    `macs` are those of `analytic_cost`. Of a family that does not call its channels so, width and
    depth are not known.
    """
    looked_at: NetworkConfigBase = config
    if isinstance(config, ClassSRConfig):
        looked_at = config.branches[-1]
    width = _width(looked_at)
    convolutions = _convolutions(looked_at)
    return Structure(
        family=config.family,
        macs=macs,
        width=width,
        convolutions=len(convolutions),
        dense_equivalent_depth=width and round(sum(it.share(width) for it in convolutions), 4),
        receptive_field_radius_px=looked_at.receptive_field_radius_px,
        convolution_radius_px=round(sum(it.radius_px for it in convolutions), 2),
    )


def _width(config: NetworkConfigBase) -> int | None:
    channels = config.model_dump().get("channels")
    return channels if isinstance(channels, int) else None


@dataclass(frozen=True)
class _Convolution:
    weights: int
    radius_px: float

    def share(self, width: int) -> float:
        """Of a 3x3 convolution between all channels, at most 1."""
        return min(1.0, math.sqrt(self.weights / (9 * width**2)))


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
