"""EDSR: residual blocks without normalisation, one long skip, all work at low resolution.

Source: Lim et al. 2017 (EDSR), arXiv:1707.02921, and the code of BasicSR (XPixelGroup/BasicSR,
basicsr/archs/edsr_arch.py). Departures: none; the mean colour is a constant, where the
authors' code has it as two frozen 1x1 convolutions (24 numbers that are no weights).
"""

from typing import Annotated, Literal, Self

from pydantic import Field
from torch import Tensor, nn

from blocks.features import FeatureConfig, FeatureNetwork, upsampling_chain
from blocks.layers import (
    ResidualBlock,
    ResidualGroup,
    convolution,
)
from foundation.configs import Count

INPUT_RANGE = 255


class EdsrConfig(FeatureConfig):
    """An EDSR network; the defaults are EDSR-baseline."""

    family: Literal["edsr"] = "edsr"
    channels: Count = 64
    blocks: Count = 16
    residual_scale: Annotated[float, Field(gt=0, le=1, strict=True)] = 1.0
    """What the residual of every block is multiplied by; 0.1 in the paper's largest network."""

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int:
        return 1 + 2 * self.blocks + 1 + self.reconstruction_radius_px

    def canonical(self) -> Self:
        return self


class Edsr(FeatureNetwork):
    """Input convolution, residual blocks with a long skip, upsampling chain, convolution."""

    def __init__(self, config: EdsrConfig) -> None:
        super().__init__(config)
        C = config.channels
        self.input_convolution = convolution(3, C, 3)
        self.trunk = ResidualGroup(
            C,
            (ResidualBlock(C, residual_scale=config.residual_scale) for _ in range(config.blocks)),
        )
        self.upsampler = nn.Sequential(*upsampling_chain(C, config.scale))
        self.output_convolution = convolution(C, 3, 3)

    def encode(self, images: Tensor) -> Tensor:
        return (images - self.mean) * INPUT_RANGE

    def extract(self, encoded: Tensor) -> Tensor:
        features: Tensor = self.trunk(self.input_convolution(encoded))
        return features

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        return enlarged / INPUT_RANGE + self.mean
