"""What the paths of a network run for the image whose MACs are counted, without any ledger.

A search asks for it of each of its designs, some of them twice in a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch

from blocks import NetworkConfigBase, SuperResolutionNetwork, build_network
from profilers.counting.composites import hidden_operators
from profilers.counting.meta_device import build_on_meta
from profilers.counting.observer import Call, ObservedOperators

HR_HEIGHT_PX = 720
HR_WIDTH_PX = 1280


@dataclass(frozen=True)
class Convolution:
    """One call of a convolution."""

    weights: int
    kernel_width_px: int
    output_width_px: int
    outputs: int
    """The numbers that it puts out."""


@dataclass(frozen=True)
class Path:
    """What one path runs."""

    macs: int
    uncounted: frozenset[str]
    """The operators whose MACs are unknown."""
    convolutions: tuple[Convolution, ...]
    """In the order of their calls."""


@dataclass(frozen=True)
class PathsOfNetwork:
    """A network without weights, in evaluation mode, for those who leave it as it is."""

    network: SuperResolutionNetwork
    paths: tuple[Path, ...]
    """In the order of `network.paths()`."""


@lru_cache(maxsize=1)
def paths_of(config: NetworkConfigBase) -> PathsOfNetwork:
    """Build the network that `config` describes on the meta device, and run each of its paths."""
    network = network_on_meta(config)
    image = counted_image(config.scale)
    hidden = frozenset(hidden_operators(network))
    return PathsOfNetwork(network, tuple(_run(path, image, hidden) for path in network.paths()))


def network_on_meta(config: NetworkConfigBase) -> SuperResolutionNetwork:
    """Return the network that `config` describes, without weights and in evaluation mode."""
    return build_on_meta(lambda: build_network(config)).eval()


def counted_image(scale: int) -> torch.Tensor:
    """The image whose MACs are counted: (1, 3, h, w), on the meta device."""
    return torch.empty(1, 3, *macs_lr_size_px(scale), device="meta")


def macs_lr_size_px(scale: int) -> tuple[int, int]:
    """Return the (height, width) at which `macs` is counted: 720x1280 over scale, floored."""
    return HR_HEIGHT_PX // scale, HR_WIDTH_PX // scale


def _run(
    path: Callable[[torch.Tensor], torch.Tensor], image: torch.Tensor, hidden: frozenset[str]
) -> Path:
    macs, uncounted, convolutions = 0, set(hidden), list[Convolution]()

    def observe(call: Call) -> None:
        nonlocal macs
        macs += call.macs
        if call.state == "uncounted":
            uncounted.add(call.name)
        elif call.operator is torch.ops.aten.convolution.default:
            weight, output = call.args[1], call.tensors[-1]
            convolutions.append(
                Convolution(weight.numel(), weight.shape[-1], output.shape[-1], output.numel())
            )

    with torch.no_grad(), ObservedOperators(observe):
        path(image)
    return Path(macs, frozenset(uncounted), tuple(convolutions))
