"""RCAN: groups of residual blocks with channel attention, skips inside skips.

Source: Zhang et al. 2018 (RCAN), arXiv:1807.02758, as in ClassSR (XPixelGroup/ClassSR).
Departures: none; the shifts by the mean colour are 1x1 convolutions that are trained, as in
ClassSR, where only the module and not its weights is frozen.
"""

from typing import ClassVar, Literal, Self

from torch import Tensor, nn

from blocks.features import FeatureConfig, FeatureNetwork, upsampling_chain
from blocks.layers import (
    ResidualBlock,
    ResidualGroup,
    SqueezeExcitation,
    colour_shift,
    convolution,
    initialise_small,
)
from foundation.configs import Count

INPUT_RANGE = 255


class RcanConfig(FeatureConfig):
    """An RCAN network; the defaults are the published one."""

    whole_image_parts: ClassVar[str] = "channel attention"

    family: Literal["rcan"] = "rcan"
    channels: Count = 64
    groups: Count = 10
    blocks: Count = 20
    """Blocks in every group."""

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> None:
        return None

    def canonical(self) -> Self:
        return self


class Rcan(FeatureNetwork):
    """Input convolution, a group of groups, upsampling chain, output convolution."""

    def __init__(self, config: RcanConfig) -> None:
        super().__init__(config)
        C = config.channels
        self.input_convolution = convolution(3, C, 3)
        self.trunk = ResidualGroup(C, (_group(config) for _ in range(config.groups)))
        self.upsampler = nn.Sequential(*upsampling_chain(C, config.scale))
        self.output_convolution = convolution(C, 3, 3)
        initialise_small(self)
        self.subtract_mean = colour_shift(-INPUT_RANGE)
        self.add_mean = colour_shift(INPUT_RANGE)

    def encode(self, images: Tensor) -> Tensor:
        shifted: Tensor = self.subtract_mean(images * INPUT_RANGE)
        return shifted

    def extract(self, encoded: Tensor) -> Tensor:
        features: Tensor = self.trunk(self.input_convolution(encoded))
        return features

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        shifted: Tensor = self.add_mean(enlarged)
        return shifted / INPUT_RANGE


def _group(config: RcanConfig) -> ResidualGroup:
    C = config.channels
    return ResidualGroup(C, (ResidualBlock(C, SqueezeExcitation(C)) for _ in range(config.blocks)))
