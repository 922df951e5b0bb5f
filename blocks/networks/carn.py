"""CARN-M: cascades of grouped residual units, whose weights a block shares.

Sources: the original, Ahn et al. 2018, arXiv:1803.08664, and nmhkahn/CARN-pytorch; and ClassSR's
variant, XPixelGroup/ClassSR, whose fusions are 1x1 convolutions without bias before batch
normalisation. The authors' network has an upsampler for each scale, 412 K weights in all; here it
has one scale's. Departure from ClassSR: the normalisation works by its stored statistics in
training too, so that an image's output never depends on the others of its batch; in a fresh
network they are mean 0 and variance 1. Its shifts by the mean colour are 1x1 convolutions that
are trained, as in ClassSR, where only the module and not its weights is frozen.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.features import FeatureConfig, FeatureNetwork, upsampling_factors
from blocks.layers import colour_shift, convolution
from foundation.configs import Count

Design = Literal["classsr", "original"]

CASCADE_LENGTH = 3


class CarnConfig(FeatureConfig):
    """A CARN-M; the defaults are the hard branch of ClassSR's variant."""

    family: Literal["carn"] = "carn"
    channels: Count = 64
    convolution_groups: Count = 4
    """Parts of the channels that the 3x3 convolutions keep apart."""
    design: Annotated[Design, Field(exclude_if=lambda design: design == "classsr")] = "classsr"
    """ClassSR's variant with normalisation, or the authors' own, whose fusions have a bias.

    Absent from dumps where it is ClassSR's, so that configurations of before keep their identity.
    """

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.channels % self.convolution_groups:
            raise ValueError(
                f"channels must be a multiple of convolution_groups ({self.convolution_groups}),"
                f" got {self.channels}"
            )
        return self

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int:
        units = CASCADE_LENGTH**2
        return 1 + 2 * units + self.reconstruction_radius_px

    def canonical(self) -> Self:
        return self


class StoredNorm(nn.Module):
    """Batch normalisation by stored statistics: (x - mean) / sqrt(var + 1e-5) * weight + bias.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)


class ResidualUnit(nn.Module):
    """relu(x + project(relu(conv(relu(conv(x)))))) with grouped convolutions.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, config: CarnConfig) -> None:
        super().__init__()
        C, groups = config.channels, config.convolution_groups
        self.convolution_1 = nn.Conv2d(C, C, 3, padding=1, groups=groups)
        self.convolution_2 = nn.Conv2d(C, C, 3, padding=1, groups=groups)
        self.project = convolution(C, C, 1)

    def forward(self, x: Tensor) -> Tensor:
        residual = F.relu(self.convolution_2(F.relu(self.convolution_1(x))))
        return F.relu(x + self.project(residual))


class Cascade(nn.Module):
    """Three units in a row, before each of which all earlier outputs are fused.

    One unit, if there is only one, takes all three places.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int, units: Iterable[nn.Module], design: Design) -> None:
        super().__init__()
        self.units = nn.ModuleList(units)
        self.fusions = nn.ModuleList(
            _fusion((place + 2) * channels, channels, design) for place in range(CASCADE_LENGTH)
        )

    def forward(self, x: Tensor) -> Tensor:
        collected = fused = x
        for place, fusion in enumerate(self.fusions):
            unit = self.units[place % len(self.units)]
            collected = torch.cat((collected, unit(fused)), dim=1)
            fused = fusion(collected)
        return fused


def _fusion(inputs: int, outputs: int, design: Design) -> nn.Module:
    if design == "original":
        return nn.Sequential(convolution(inputs, outputs, 1), nn.ReLU())
    return nn.Sequential(
        convolution(inputs, outputs, 1, bias=False), StoredNorm(outputs), nn.ReLU()
    )


class Carn(FeatureNetwork):
    """Input convolution, a cascade of cascades, grouped upsampling steps, output convolution."""

    config: CarnConfig

    def __init__(self, config: CarnConfig) -> None:
        super().__init__(config)
        C, design = config.channels, config.design
        if design == "classsr":
            self.subtract_mean = colour_shift(-1)
        self.input_convolution = convolution(3, C, 3)
        blocks = (Cascade(C, [ResidualUnit(config)], design) for _ in range(CASCADE_LENGTH))
        self.cascade = Cascade(C, blocks, design)
        self.upsampler = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(C, C * f**2, 3, padding=1, groups=config.convolution_groups),
                    nn.ReLU(),
                    nn.PixelShuffle(f),
                )
                for f in upsampling_factors(config.scale)
            )
        )
        self.output_convolution = convolution(C, 3, 3)
        if design == "classsr":
            self.add_mean = colour_shift(1)

    def encode(self, images: Tensor) -> Tensor:
        if self.config.design == "original":
            return super().encode(images)
        shifted: Tensor = self.subtract_mean(images)
        return shifted

    def extract(self, encoded: Tensor) -> Tensor:
        features: Tensor = self.cascade(self.input_convolution(encoded))
        return features

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        if self.config.design == "original":
            return super().decode(enlarged, images)
        shifted: Tensor = self.add_mean(enlarged)
        return shifted
