"""SAFMN: depthwise modulation at several scales in place of attention, a convolutional mixer.

Source: Sun et al. 2023 (SAFMN), arXiv:2302.13800, and the authors' code (sunny2109/SAFMN);
the variant of the NTIRE 2023 challenge as in Amazingren/NTIRE2024_ESR. Departures: none.
"""

from typing import ClassVar, Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase, check_multiple
from blocks.layers import ChannelLayerNorm, PlainRangeNetwork, convolution, depthwise
from foundation.configs import Count

Design = Literal["paper", "ntire"]

POOLING_FACTORS: dict[Design, tuple[int, ...]] = {"paper": (1, 2, 4, 8), "ntire": (1, 4, 8, 16)}


class SafmnConfig(NetworkConfigBase):
    """A SAFMN network; the defaults are the paper's.

    Against the paper's, the challenge's design has one global normalisation after the input
    convolution and none in the blocks, blocks without biases, twice the pooling factors, and
    the bilinearly enlarged image in place of the long skip.
    """

    whole_image_parts: ClassVar[str] = "modulation pooled by the size of the image"

    family: Literal["safmn"] = "safmn"
    channels: Count = 36
    blocks: Count = 8
    mixer_ratio: Count = 2
    """Channels inside the mixer over `channels`."""
    design: Design = "paper"

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        check_multiple(self.channels, 4, "one part for each pooling factor")
        return self

    @property
    def minimum_size_px(self) -> int:
        return max(POOLING_FACTORS[self.design])

    @property
    def receptive_field_radius_px(self) -> None:
        return None

    def canonical(self) -> Self:
        return self


class GlobalResponseNorm(nn.Module):
    """gamma x n + beta + x, with n each channel's length over the image over their mean.

    Source: Woo et al. 2023 (ConvNeXt V2), arXiv:2301.00808.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        lengths: Tensor = torch.linalg.vector_norm(x, dim=(2, 3), keepdim=True)
        relative = lengths / (lengths.mean(dim=1, keepdim=True) + 1e-6)
        return self.gamma * x * relative + self.beta + x


class SpatialModulation(nn.Module):
    """x * gelu(fuse(a quarter of the channels at each scale, pooled, convolved, resized)).

    Shape: (N, C, H, W) -> (N, C, H, W), with H, W at least the largest factor.
    """

    def __init__(self, channels: int, factors: tuple[int, ...], *, bias: bool) -> None:
        super().__init__()
        self.factors = factors
        part = channels // len(factors)
        self.scales = nn.ModuleList(depthwise(part, 3, 3, bias=bias) for _ in factors)
        self.fuse = convolution(channels, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        parts = []
        for part, local, factor in zip(
            x.chunk(len(self.factors), dim=1), self.scales, self.factors, strict=True
        ):
            if factor == 1:
                parts.append(local(part))
                continue
            pooled = self.pool(part, factor)
            parts.append(F.interpolate(local(pooled), size=(height, width), mode="nearest"))
        return x * F.gelu(self.fuse(torch.cat(parts, dim=1)))

    def pool(self, x: Tensor, factor: int) -> Tensor:
        """The maximum of each of H // factor by W // factor windows."""
        return F.adaptive_max_pool2d(x, (x.shape[2] // factor, x.shape[3] // factor))


class ModulationBlock(nn.Module):
    """x + modulation(norm(x)), then x + mixer(norm(x)).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, config: SafmnConfig) -> None:
        super().__init__()
        C, is_paper = config.channels, config.design == "paper"
        inner = config.mixer_ratio * C
        self.modulation_norm = ChannelLayerNorm(C) if is_paper else nn.Identity()
        self.modulation = SpatialModulation(C, POOLING_FACTORS[config.design], bias=is_paper)
        self.mixer_norm = ChannelLayerNorm(C) if is_paper else nn.Identity()
        self.mixer = nn.Sequential(
            convolution(C, inner, 3, bias=is_paper),
            nn.GELU(),
            convolution(inner, C, 1, bias=is_paper),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.modulation(self.modulation_norm(x))
        x = x + self.mixer(self.mixer_norm(x))
        return x


class Safmn(PlainRangeNetwork):
    """Input convolution; blocks, with a long skip in the paper's design; one-step upsampler."""

    def __init__(self, config: SafmnConfig) -> None:
        is_paper = config.design == "paper"
        super().__init__(config, "none" if is_paper else "bilinear")
        self.has_long_skip = is_paper
        C, scale = config.channels, config.scale
        self.input_convolution = convolution(3, C, 3)
        self.norm = nn.Identity() if is_paper else GlobalResponseNorm(C)
        self.blocks = nn.Sequential(*(ModulationBlock(config) for _ in range(config.blocks)))
        self.output_convolution = convolution(C, 3 * scale**2, 3)

    def enlarge(self, encoded: Tensor) -> Tensor:
        shallow = self.norm(self.input_convolution(encoded))
        deep = self.blocks(shallow)
        if self.has_long_skip:
            deep = deep + shallow
        return F.pixel_shuffle(self.output_convolution(deep), self.config.scale)

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.output_convolution,)
