"""SPAN: blocks of three convolutions whose output gates itself, without attention weights.

Source: Wan et al. 2023 (SPAN), arXiv:2311.12770, and the authors' code (hongyuanyu/SPAN).
Departure: the training form has no second copy of each convolution for inference; the folded
variant is a network of its own. As in the authors' code the mean colour is subtracted, but never
added back, and what the last block hands to the fusion is the value after the activation.
"""

from typing import Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork, convolution
from foundation.configs import Count

Form = Literal["folded", "training"]

INPUT_RANGE = 255
GAIN = 2


class SpanConfig(NetworkConfigBase):
    """A SPAN network; the defaults are the paper's, folded."""

    family: Literal["span"] = "span"
    channels: Count = 52
    fusion_channels: Count | None = None
    """Channels between the fusion and the output convolution; None means `channels`."""
    blocks: Count = 6
    form: Form = "folded"
    """Plain 3x3 convolutions, or each of them as the branches that are trained."""

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int:
        return 1 + 3 * self.blocks + 1 + 1

    def canonical(self) -> Self:
        fusion = None if self.fusion_channels == self.channels else self.fusion_channels
        return self.replace(fusion_channels=fusion)


class BranchedConvolution(nn.Module):
    """project(middle(expand(x))) + skip(x): a 3x3 convolution with more weights than it needs.

    All are linear, so `folded` is the same function. The zeros around the image are added
    before `expand`, whose bias they receive too.

    Shape: (N, I, H, W) -> (N, O, H, W).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = convolution(inputs, outputs, 1)
        self.expand = convolution(inputs, GAIN * inputs, 1)
        self.middle = nn.Conv2d(GAIN * inputs, GAIN * outputs, 3)
        self.project = convolution(GAIN * outputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        deep: Tensor = self.project(self.middle(self.expand(F.pad(x, (1, 1, 1, 1)))))
        beside: Tensor = self.skip(x)
        return deep + beside

    @torch.no_grad()
    def folded(self) -> tuple[Tensor, Tensor]:
        """The weight (O, I, 3, 3) and the bias (O) of the one convolution, in float64."""
        expand, middle, project, skip = (
            part.weight.double() for part in (self.expand, self.middle, self.project, self.skip)
        )
        before, between, after, beside = (
            _bias(part) for part in (self.expand, self.middle, self.project, self.skip)
        )
        projection = project[:, :, 0, 0]
        weight = torch.einsum("op,pqyx,qi->oiyx", projection, middle, expand[:, :, 0, 0])
        weight[:, :, 1, 1] += skip[:, :, 0, 0]
        bias = projection @ (middle.sum(dim=(2, 3)) @ before + between) + after + beside
        return weight, bias


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None  # every branch is built with one
    return layer.bias.double()


def _convolution(inputs: int, outputs: int, form: Form) -> nn.Module:
    if form == "training":
        return BranchedConvolution(inputs, outputs)
    return convolution(inputs, outputs, 3)


class SelfGatedBlock(nn.Module):
    """(o + x) * (sigmoid(o) - 1/2) with o three convolutions of x; also the first's value.

    Shape: (N, C, H, W) -> (N, C, H, W), (N, C, H, W).
    """

    def __init__(self, channels: int, form: Form) -> None:
        super().__init__()
        self.convolution_1 = _convolution(channels, channels, form)
        self.convolution_2 = _convolution(channels, channels, form)
        self.convolution_3 = _convolution(channels, channels, form)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = F.silu(self.convolution_1(x))
        output = self.convolution_3(F.silu(self.convolution_2(first)))
        return (output + x) * (output.sigmoid() - 0.5), first


class Span(SuperResolutionNetwork):
    """Input convolution; blocks; fusion of four stages; one-step upsampler.

    The stages are the input convolution, the trunk convolution, the first block, and the
    last block's first activation.
    """

    config: SpanConfig

    def __init__(self, config: SpanConfig) -> None:
        super().__init__(config)
        C, scale, form = config.channels, config.scale, config.form
        fusion_channels = config.fusion_channels or C
        self.input_convolution = _convolution(3, C, form)
        self.blocks = nn.ModuleList(SelfGatedBlock(C, form) for _ in range(config.blocks))
        self.trunk_convolution = _convolution(C, C, form)
        self.fuse = convolution(4 * C, fusion_channels, 1)
        self.output_convolution = convolution(fusion_channels, 3 * scale**2, 3)

    def encode(self, images: Tensor) -> Tensor:
        return (images - self.mean) * INPUT_RANGE

    def enlarge(self, encoded: Tensor) -> Tensor:
        shallow = self.input_convolution(encoded)
        deep, first = self.blocks[0](shallow)
        after_first_block = deep
        for block in self.blocks[1:]:
            deep, first = block(deep)
        stages = (shallow, self.trunk_convolution(deep), after_first_block, first)
        fused = self.fuse(torch.cat(stages, dim=1))
        return F.pixel_shuffle(self.output_convolution(fused), self.config.scale)

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        return enlarged

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.output_convolution,)
