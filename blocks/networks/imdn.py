"""IMDN: each convolution keeps a quarter of its channels and passes the others on.

Source: Hui et al. 2019 (IMDN), arXiv:1909.11856, and the authors' code (Zheng222/IMDN,
model/architecture.py). Departure: the variance inside the attention is at least 1e-12,
because the root of 0 has no finite gradient; it changes nothing where a channel varies.
"""

from typing import ClassVar, Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase, check_multiple
from blocks.layers import PlainRangeNetwork, SqueezeExcitation, convolution
from foundation.configs import Count

SLOPE = 0.05
SMALLEST_VARIANCE = 1e-12


class ImdnConfig(NetworkConfigBase):
    """An IMDN network; the defaults are the published one."""

    whole_image_parts: ClassVar[str] = "contrast attention"

    family: Literal["imdn"] = "imdn"
    channels: Count = 64
    blocks: Count = 6

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        check_multiple(self.channels, 4, "for a quarter is kept in each step")
        return self

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> None:
        return None

    def canonical(self) -> Self:
        return self


class ContrastAttention(SqueezeExcitation):
    """Squeeze and excitation by contrast: the standard deviation of each channel plus its mean.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def statistic(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)
        return variance.clamp(min=SMALLEST_VARIANCE).sqrt() + mean


class DistillationBlock(nn.Module):
    """x + fuse(attention(what four convolutions in a row keep)).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        kept = channels // 4
        passed = channels - kept
        self.sizes = [kept, passed]
        self.convolution_1 = convolution(channels, channels, 3)
        self.convolution_2 = convolution(passed, channels, 3)
        self.convolution_3 = convolution(passed, channels, 3)
        self.convolution_4 = convolution(passed, kept, 3)
        self.attention = ContrastAttention(channels)
        self.fuse = convolution(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept_1, passed = self._distil(self.convolution_1(x))
        kept_2, passed = self._distil(self.convolution_2(passed))
        kept_3, passed = self._distil(self.convolution_3(passed))
        kept = torch.cat((kept_1, kept_2, kept_3, self.convolution_4(passed)), dim=1)
        fused: Tensor = self.fuse(self.attention(kept))
        return x + fused

    def _distil(self, convolved: Tensor) -> tuple[Tensor, Tensor]:
        kept, passed = torch.split(F.leaky_relu(convolved, SLOPE), self.sizes, dim=1)
        return kept, passed


class Imdn(PlainRangeNetwork):
    """Input convolution; blocks, the outputs of all fused; long skip; one-step upsampler."""

    def __init__(self, config: ImdnConfig) -> None:
        super().__init__(config)
        C, scale = config.channels, config.scale
        self.input_convolution = convolution(3, C, 3)
        self.blocks = nn.ModuleList(DistillationBlock(C) for _ in range(config.blocks))
        self.fuse = convolution(config.blocks * C, C, 1)
        self.trunk_convolution = convolution(C, C, 3)
        self.output_convolution = convolution(C, 3 * scale**2, 3)

    def enlarge(self, encoded: Tensor) -> Tensor:
        shallow = x = self.input_convolution(encoded)
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        fused = F.leaky_relu(self.fuse(torch.cat(outputs, dim=1)), SLOPE)
        deep = shallow + self.trunk_convolution(fused)
        return F.pixel_shuffle(self.output_convolution(deep), self.config.scale)

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.output_convolution,)
