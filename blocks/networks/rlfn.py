"""RLFN: three convolutions with a local skip and a cheap spatial attention, repeated.

Source: Kong et al. 2022 (RLFN), arXiv:2205.07514, and the authors' code (bytedance/RLFN).
Departures: none. What is trained is what is deployed: there is nothing to fold.
"""

from typing import ClassVar, Literal, Self

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork, convolution
from foundation.configs import Count

SLOPE = 0.05
INPUT_RANGE = 255
POOL_SIZE_PX = 7
POOL_STRIDE_PX = 3


class RlfnConfig(NetworkConfigBase):
    """An RLFN network; the defaults are the paper's."""

    whole_image_parts: ClassVar[str] = "an attention map stretched to the image"

    family: Literal["rlfn"] = "rlfn"
    channels: Count = 52
    inner_channels: Count = 52
    """Channels between the convolutions of a block."""
    blocks: Count = 6
    attention_channels: Count = 16

    @property
    def minimum_size_px(self) -> int:
        # The smallest input of which a 3x3 convolution of stride 2 leaves one pooling window.
        return 2 * POOL_SIZE_PX + 1

    @property
    def receptive_field_radius_px(self) -> None:
        return None

    def canonical(self) -> Self:
        return self


class SpatialAttention(nn.Module):
    """x * sigmoid(restore(resized context of e + skip(e))) with e = reduce(x).

    The context is e on a grid of a sixth of the size, from a strided convolution and a
    strided maximum without padding.

    Shape: (N, C, H, W) -> (N, C, H, W), with H, W at least 15.
    """

    def __init__(self, channels: int, inner_channels: int) -> None:
        super().__init__()
        self.reduce = convolution(channels, inner_channels, 1)
        self.shrink = nn.Conv2d(inner_channels, inner_channels, 3, stride=2)
        self.context = convolution(inner_channels, inner_channels, 3)
        self.skip = convolution(inner_channels, inner_channels, 1)
        self.restore = convolution(inner_channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        reduced = self.reduce(x)
        pooled = F.max_pool2d(self.shrink(reduced), POOL_SIZE_PX, POOL_STRIDE_PX)
        context = F.interpolate(self.context(pooled), size=x.shape[2:], mode="bilinear")
        scores: Tensor = self.restore(context + self.skip(reduced))
        return x * scores.sigmoid()


class LocalFeatureBlock(nn.Module):
    """attention(fuse(x + three convolutions of x, each with an activation)).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, config: RlfnConfig) -> None:
        super().__init__()
        C, inner = config.channels, config.inner_channels
        self.convolution_1 = convolution(C, inner, 3)
        self.convolution_2 = convolution(inner, inner, 3)
        self.convolution_3 = convolution(inner, C, 3)
        self.fuse = convolution(C, C, 1)
        self.attention = SpatialAttention(C, config.attention_channels)

    def forward(self, x: Tensor) -> Tensor:
        local = F.leaky_relu(self.convolution_1(x), SLOPE)
        local = F.leaky_relu(self.convolution_2(local), SLOPE)
        local = F.leaky_relu(self.convolution_3(local), SLOPE)
        attended: Tensor = self.attention(self.fuse(x + local))
        return attended


class Rlfn(SuperResolutionNetwork):
    """Input convolution; blocks; trunk convolution with a long skip; one-step upsampler."""

    def __init__(self, config: RlfnConfig) -> None:
        super().__init__(config)
        C, scale = config.channels, config.scale
        self.input_convolution = convolution(3, C, 3)
        self.blocks = nn.Sequential(*(LocalFeatureBlock(config) for _ in range(config.blocks)))
        self.trunk_convolution = convolution(C, C, 3)
        self.output_convolution = convolution(C, 3 * scale**2, 3)

    def encode(self, images: Tensor) -> Tensor:
        return images * INPUT_RANGE

    def enlarge(self, encoded: Tensor) -> Tensor:
        shallow = self.input_convolution(encoded)
        deep = shallow + self.trunk_convolution(self.blocks(shallow))
        return F.pixel_shuffle(self.output_convolution(deep), self.config.scale)

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        return enlarged / INPUT_RANGE

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.output_convolution,)
