"""FSRCNN: an hourglass of cheap convolutions and one transposed convolution at the end.

Source: Dong et al. 2016 (FSRCNN), arXiv:1608.00367, for luma only; ClassSR's reading of it,
arXiv:2103.04039 and XPixelGroup/ClassSR, for RGB, without activations between the mapping
convolutions; and the usual port to PyTorch, yjn870/FSRCNN-pytorch, for luma, with a slope for
each channel and 4 pixels cut off the enlarged image at every scale. Departures: the luma networks
are completed to RGB ones, their chroma enlarged bicubically; but for the port each activation has
one slope, as in ClassSR, where the paper could mean one for each channel; the luma networks start
from PyTorch's usual weights; ClassSR's network is published at x4 only, and the transposed
convolution is centred at the other scales as there.
"""

from typing import Literal, Self

import torch
from torch import Tensor, nn

from blocks.config import NetworkConfigBase
from blocks.layers import PlainRangeNetwork, convolution, initialise_small
from blocks.resampling import interpolate
from foundation.configs import Count

Design = Literal["luma", "rgb", "luma_pytorch"]

KERNEL_PX = 9
# ITU-R BT.601 for red, green, blue in [0, 1]: luma lies between 16 and 235 of 255.
LUMA_WEIGHTS = (65.738 / 256, 129.057 / 256, 25.064 / 256)
LUMA_OF_BLACK = 16 / 255


class FsrcnnConfig(NetworkConfigBase):
    """An FSRCNN network; the defaults are the original."""

    family: Literal["fsrcnn"] = "fsrcnn"
    channels: Count = 56
    mapping_channels: Count = 12
    mapping_layers: Count = 4
    design: Design = "luma"
    """The original on luma, ClassSR's on RGB, or the original as it was ported to PyTorch."""

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int:
        # Input pixel i spreads over the output pixels from scale i - padding on, KERNEL_PX of them.
        before = (KERNEL_PX - 1 - self.padding_px) // self.scale
        behind = (self.scale - 1 + self.padding_px) // self.scale
        return 2 + self.mapping_layers + max(before, behind)

    @property
    def padding_px(self) -> int:
        """Output pixels of the transposed convolution that are cut off on the left."""
        if self.design == "luma_pytorch":
            return KERNEL_PX // 2
        return (KERNEL_PX - self.scale + 1) // 2

    def canonical(self) -> Self:
        return self


class Fsrcnn(PlainRangeNetwork):
    """Extract, shrink, map, expand; then a transposed convolution enlarges.

    In the luma designs the learned part has one channel, luma, and the images get theirs
    replaced by it after bicubic interpolation, which is what keeps their chroma.
    """

    config: FsrcnnConfig
    luma_weights: Tensor

    def __init__(self, config: FsrcnnConfig) -> None:
        super().__init__(config)
        C, mapped, scale = config.channels, config.mapping_channels, config.scale
        planes = 3 if config.design == "rgb" else 1
        self.extract = nn.Sequential(convolution(planes, C, 5), _activation(config, C))
        self.shrink = nn.Sequential(convolution(C, mapped, 1), _activation(config, mapped))
        self.map = nn.Sequential(*_mapping(config))
        self.expand = nn.Sequential(convolution(mapped, C, 1), _activation(config, C))
        padding = config.padding_px
        self.output_convolution = nn.ConvTranspose2d(
            C,
            planes,
            KERNEL_PX,
            stride=scale,
            padding=padding,
            output_padding=2 * padding + scale - KERNEL_PX,
        )
        weights = torch.tensor(LUMA_WEIGHTS).view(1, 3, 1, 1)
        self.register_buffer("luma_weights", weights, persistent=False)
        if config.design == "rgb":
            initialise_small(self)

    def start_as_interpolation(self) -> None:
        """Give the network weights by which it enlarges bilinearly before its first training.

        One channel for each of red, green and blue, or for luma, carries the image unchanged to
        the transposed convolution; the others are drawn anew and weigh nothing there yet. The
        published weights must first learn what an enlarged image is, which takes ten thousand
        steps. Only near the border, which is padded with zeros, is the image another one.

        Raises:
            ValueError: there are too few channels to carry the image, or the kernel is too small.
        """
        planes = self.output_convolution.out_channels
        if min(self.config.channels, self.config.mapping_channels) < planes:
            raise ValueError(
                f"channels and mapping_channels must be at least {planes} to start as an "
                f"interpolation, got {self.config.channels} and {self.config.mapping_channels}"
            )
        if self._bilinear_middle + self.config.scale > KERNEL_PX:
            raise ValueError(
                f"design {self.config.design} cannot start as an interpolation at"
                f" x{self.config.scale}: its transposed convolution ends before a bilinear kernel"
                " does; design luma can"
            )
        carried = torch.arange(planes)
        with torch.no_grad():
            for layer in self.modules():
                if isinstance(layer, nn.Conv2d):
                    nn.init.kaiming_normal_(layer.weight, a=0.25)  # the slope of a new PReLU
                    if layer.bias is not None:
                        layer.bias.zero_()
                    layer.weight[carried] = 0
                    middle = layer.kernel_size[0] // 2
                    layer.weight[carried, carried, middle, middle] = 1
            last = self.output_convolution
            for parameter in last.parameters():
                parameter.zero_()
            last.weight[carried, carried] = self._bilinear_kernel()

    def _bilinear_kernel(self) -> Tensor:
        """Shape: (KERNEL_PX, KERNEL_PX)."""
        places = torch.arange(KERNEL_PX) - self._bilinear_middle
        side = (1 - places.abs() / self.config.scale).clamp(min=0)
        return side[:, None] * side

    @property
    def _bilinear_middle(self) -> float:
        # An input pixel's middle lies between the outputs scale i + 0 and scale i + scale - 1.
        return self.config.padding_px + (self.config.scale - 1) / 2

    def enlarge(self, encoded: Tensor) -> Tensor:
        planes = encoded if self.config.design == "rgb" else self._luma(encoded)
        mapped = self.map(self.shrink(self.extract(planes)))
        enlarged: Tensor = self.output_convolution(self.expand(mapped))
        return enlarged

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        if self.config.design == "rgb":
            return enlarged
        # Another luma with the same chroma is the same step in red, green and blue.
        interpolated = interpolate(images, self.config.scale, "bicubic")
        return interpolated + (enlarged - self._luma(interpolated)) / sum(LUMA_WEIGHTS)

    def _luma(self, images: Tensor) -> Tensor:
        """Shape: (N, 3, H, W) -> (N, 1, H, W)."""
        return (images * self.luma_weights).sum(dim=1, keepdim=True) + LUMA_OF_BLACK

    @property
    def last_convolutions(self) -> tuple[nn.ConvTranspose2d]:
        return (self.output_convolution,)


def _activation(config: FsrcnnConfig, channels: int) -> nn.PReLU:
    return nn.PReLU(channels if config.design == "luma_pytorch" else 1)


def _mapping(config: FsrcnnConfig) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for number in range(1, config.mapping_layers + 1):
        layers.append(convolution(config.mapping_channels, config.mapping_channels, 3))
        if config.design != "rgb" or number == config.mapping_layers:
            layers.append(_activation(config, config.mapping_channels))
    return layers
