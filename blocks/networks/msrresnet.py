"""MSRResNet: SRResNet without normalisation, on top of the bilinearly enlarged image.

Source: Ledig et al. 2017 (SRResNet), arXiv:1609.04802, as modified by the authors of ESRGAN
and used in ClassSR (XPixelGroup/ClassSR). Departures: none.
"""

from typing import Literal, Self

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.features import (
    FeatureConfig,
    FeatureNetwork,
    upsampling_chain,
    upsampling_radius_px,
)
from blocks.layers import (
    PlainRangeNetwork,
    ResidualBlock,
    convolution,
    initialise_small,
)
from foundation.configs import Count

SLOPE = 0.1


class MsrResNetConfig(FeatureConfig):
    """An MSRResNet; the defaults are the published one."""

    family: Literal["msrresnet"] = "msrresnet"
    channels: Count = 64
    blocks: Count = 16

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int:
        return 1 + 2 * self.blocks + self.reconstruction_radius_px

    @property
    def reconstruction_radius_px(self) -> int:
        return upsampling_radius_px(self.scale, convolutions=2)

    def canonical(self) -> Self:
        return self


class MsrResNet(PlainRangeNetwork, FeatureNetwork):
    """Input convolution, residual blocks, upsampling chain, two convolutions; image skip."""

    def __init__(self, config: MsrResNetConfig) -> None:
        super().__init__(config, "bilinear")
        C = config.channels
        self.input_convolution = convolution(3, C, 3)
        self.blocks = nn.Sequential(*(ResidualBlock(C) for _ in range(config.blocks)))
        self.upsampler = nn.Sequential(*upsampling_chain(C, config.scale, nn.LeakyReLU(SLOPE)))
        self.detail_convolution = convolution(C, C, 3)
        self.output_convolution = convolution(C, 3, 3)
        initialise_small(self)

    def extract(self, encoded: Tensor) -> Tensor:
        features: Tensor = self.blocks(F.leaky_relu(self.input_convolution(encoded), SLOPE))
        return features

    def reconstruct(self, features: Tensor) -> Tensor:
        detail = F.leaky_relu(self.detail_convolution(self.upsampler(features)), SLOPE)
        image: Tensor = self.output_convolution(detail)
        return image
