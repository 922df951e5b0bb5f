"""What the structure of a network says of its worth, without any training."""

import math
from functools import lru_cache

from blocks import NetworkConfig
from blocks.config import NetworkConfigBase
from blocks.networks.classsr import ClassSRConfig
from profilers.counting.paths import Convolution, macs_lr_size_px, paths_of
from search.allocation.state import Structure


def structure_of(config: NetworkConfig, macs: int) -> Structure:
    """The features of the network that `config` describes; no weight is allocated.

    `macs` are those of `analytic_cost`. Of a family that does not call its channels so, width and
    depth are not known.
    """
    looked_at: NetworkConfigBase = config
    if isinstance(config, ClassSRConfig):
        looked_at = config.branches[-1]
    width, (_, width_px) = _width(looked_at), macs_lr_size_px(config.scale)
    called = _convolutions(looked_at)
    # Those that are run over at least the low-resolution pixels.
    convolutions = [it for it in called if it.output_width_px >= width_px]
    return Structure(
        family=config.family,
        macs=macs,
        width=width,
        convolutions=len(convolutions),
        dense_equivalent_depth=width and round(sum(_share(it, width) for it in convolutions), 4),
        receptive_field_radius_px=looked_at.receptive_field_radius_px,
        convolution_radius_px=round(sum(_radius_px(it, width_px) for it in convolutions), 2),
        activations=sum(it.outputs for it in called),
    )


@lru_cache(maxsize=256)  # hundreds of ClassSR networks share a few dozen branches
def _convolutions(config: NetworkConfigBase) -> tuple[Convolution, ...]:
    return paths_of(config).paths[0].convolutions


def _width(config: NetworkConfigBase) -> int | None:
    channels = config.model_dump().get("channels")
    return channels if isinstance(channels, int) else None


def _share(convolution: Convolution, width: int) -> float:
    """Of a 3x3 convolution between all channels, at most 1."""
    return min(1.0, math.sqrt(convolution.weights / (9 * width**2)))


def _radius_px(convolution: Convolution, width_px: int) -> float:
    """In pixels of an image of so many in width."""
    return (convolution.kernel_width_px - 1) / 2 / max(1, convolution.output_width_px // width_px)
