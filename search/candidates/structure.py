"""What the structure of a network says of its worth, without any training."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from blocks import NetworkConfig
from blocks.config import NetworkConfigBase
from blocks.networks.classsr import ClassSRConfig
from profilers.counting.analytic_cost import macs_lr_size_px, shared_on_meta
from profilers.counting.meta_device import Operator, OperatorMode, call_operator
from search.allocation.state import Structure


def structure_of(config: NetworkConfig, macs: int) -> Structure:
    """The features of the network that `config` describes; no weight is allocated.

    `macs` are those of `analytic_cost`. Of a family that does not call its channels so, width and
    depth are not known.
    """
    looked_at: NetworkConfigBase = config
    if isinstance(config, ClassSRConfig):
        looked_at = config.branches[-1]
    width = _width(looked_at)
    convolutions, activations = _convolutions(looked_at)
    return Structure(
        family=config.family,
        macs=macs,
        width=width,
        convolutions=len(convolutions),
        dense_equivalent_depth=width and round(sum(it.share(width) for it in convolutions), 4),
        receptive_field_radius_px=looked_at.receptive_field_radius_px,
        convolution_radius_px=round(sum(it.radius_px for it in convolutions), 2),
        activations=activations,
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


def _convolutions(config: NetworkConfigBase) -> tuple[list[_Convolution], int]:
    """Those of the first path that are run over at least the low-resolution pixels.

    Beside them the numbers that all its convolutions put out.
    """
    # The image whose MACs are counted: what most operators give for it is remembered by then.
    height_px, width_px = macs_lr_size_px(config.scale)
    network, called = shared_on_meta(config), _CalledConvolutions()
    with torch.no_grad(), called:
        network.paths()[0](torch.empty(1, 3, height_px, width_px, device="meta"))
    found = [
        _Convolution(weight.numel(), (weight.shape[-1] - 1) / 2 / max(1, output.shape[-1] // width_px))
        for weight, output in called.found
        if output.shape[-1] >= width_px
    ]
    return found, sum(output.numel() for _, output in called.found)


class _CalledConvolutions(OperatorMode):
    """Notes the weight and the output of every convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __torch_dispatch__(
        self,
        func: Operator,
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        output = call_operator(func, args, kwargs or {})
        if func is torch.ops.aten.convolution.default:
            weight = args[1]
            assert isinstance(weight, torch.Tensor) and isinstance(output, torch.Tensor)
            self.found.append((weight, output))
        return output
