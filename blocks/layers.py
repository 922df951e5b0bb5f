"""Parts that several networks share."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase
from blocks.resampling import interpolate

ImageSkip = Literal["none", "bilinear", "bicubic"]

# Mean colour of the DIV2K photographs, red, green, blue in [0, 1].
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
SQUEEZE_REDUCTION = 16
NORM_EPSILON = 1e-6


class SuperResolutionNetwork(nn.Module, ABC):
    """decode(enlarge(encode(images)) [+ the interpolated encode(images)]).

    Shape: (N, 3, h, w) with values in [0, 1] -> (N, 3, scale h, scale w), not clamped.

    `image_skip` is that of the configuration, where this has a field of the name.

    Raises:
        ValueError: `image_skip` is another, or on a forward whose input has not three channels or
            is smaller than `config.minimum_size_px`, or is not of a floating-point type.
    """

    mean: Tensor

    def __init__(self, config: NetworkConfigBase, image_skip: ImageSkip = "none") -> None:
        super().__init__()
        if image_skip != getattr(config, "image_skip", image_skip):
            raise ValueError(
                f"{type(self).__name__} must have the image skip of its configuration, got "
                f"{image_skip!r}: pass config.image_skip to SuperResolutionNetwork.__init__"
            )
        self.config = config
        self.image_skip = image_skip
        mean = torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.images_by(self.enlarge, images)

    def images_by(self, enlarge: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        """The output where `enlarge` is the learned part. Shape and raises: as `forward`."""
        self._check(images)
        encoded = self.encode(images)
        enlarged = enlarge(encoded)
        if self.image_skip != "none":
            enlarged = enlarged + interpolate(encoded, self.config.scale, self.image_skip)
        return self.decode(enlarged, images).to(images.dtype)

    def encode(self, images: Tensor) -> Tensor:
        """The images in the range that `enlarge` works on: here around 0."""
        return images - self.mean

    @abstractmethod
    def enlarge(self, encoded: Tensor) -> Tensor:
        """The learned part. Shape: (N, 3, h, w) -> (N, 3, scale h, scale w)."""

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        """What was enlarged, back in the range of the images, which are those given."""
        return enlarged + self.mean

    @property
    @abstractmethod
    def last_convolutions(self) -> tuple[nn.Conv2d | nn.ConvTranspose2d, ...]:
        """The convolutions whose output, only rearranged, is the learned part of the image.

        One, unless the network is made of several.
        """

    @property
    def deciding_parts(self) -> tuple[nn.Module, ...]:
        """The parts that only decide what of the others is computed; here none."""
        return ()

    def paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """Forward passes of which the costliest is the most that an input can call for.

        They decide nothing by the values of images or weights, so that they run on the meta
        device. Their shapes are those of `forward`; their values need not be.
        """
        return (self,)

    def peak_paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """Like `paths`, but the costliest in memory; what only repeats may be left out of them."""
        return self.paths()

    def growing_paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """Like `peak_paths`, but of what takes more memory the larger the image."""
        return self.peak_paths()

    def _check(self, images: Tensor) -> None:
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(
                f"a network takes images of shape (N, 3, h, w), got {tuple(images.shape)};"
                " convert to RGB first"
            )
        if not images.is_floating_point():
            raise ValueError(
                f"a network takes floating-point images in [0, 1], got {images.dtype};"
                " divide by 255 first"
            )
        minimum = self.config.minimum_size_px
        if min(images.shape[2:]) < minimum:
            height, width = images.shape[2:]
            raise ValueError(
                f"{self.config.family} needs images of at least {minimum}x{minimum} px,"
                f" got {height}x{width}; use larger images or another network"
            )


class PlainRangeNetwork(SuperResolutionNetwork):
    """A network that works on images as they are, from 0 to 1."""

    def encode(self, images: Tensor) -> Tensor:
        return images

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        return enlarged


class ChannelLayerNorm(nn.Module):
    """Layer normalisation of each pixel over its channels.

    (x - mean) / sqrt(variance + 1e-6) * weight + bias, the variance being the biased one.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        # In channels_last the permuted view is contiguous, so the fused kernel applies:
        # half the time of the written-out formula forward, an eighth forward and backward.
        rows = x.permute(0, 2, 3, 1)
        normalised = F.layer_norm(rows, self.weight.shape, self.weight, self.bias, NORM_EPSILON)
        return normalised.permute(0, 3, 1, 2)


class SqueezeExcitation(nn.Module):
    """x scaled per channel by sigmoid(conv(relu(conv(statistic over the pixels of x)))).

    Source: Hu et al. 2018, arXiv:1709.01507, with RCAN's reduction of 16; the statistic is
    the mean.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // SQUEEZE_REDUCTION)
        self.squeeze = convolution(channels, hidden, 1)
        self.excite = convolution(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.excite(F.relu(self.squeeze(self.statistic(x))))
        return x * scores.sigmoid()

    def statistic(self, x: Tensor) -> Tensor:
        """What is known of each channel. Shape: (N, C, H, W) -> (N, C, 1, 1)."""
        return x.mean(dim=(2, 3), keepdim=True)


class ResidualBlock(nn.Module):
    """x + residual_scale * attention(conv(relu(conv(x)))).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(
        self, channels: int, attention: nn.Module | None = None, residual_scale: float = 1.0
    ) -> None:
        super().__init__()
        self.residual_scale = residual_scale
        self.convolution_1 = convolution(channels, channels, 3)
        self.convolution_2 = convolution(channels, channels, 3)
        self.attention = nn.Identity() if attention is None else attention

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.attention(self.convolution_2(F.relu(self.convolution_1(x))))
        return torch.add(x, residual, alpha=self.residual_scale)


class ResidualGroup(nn.Module):
    """x + conv(blocks(x)).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int, blocks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.convolution = convolution(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.convolution(self.blocks(x))
        return x + residual


def convolution(inputs: int, outputs: int, kernel: int, *, bias: bool = True) -> nn.Conv2d:
    """A convolution with an odd square kernel that keeps height and width."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)


def depthwise(channels: int, height: int, width: int, *, bias: bool = True) -> nn.Conv2d:
    """A depthwise convolution with an odd kernel that keeps height and width."""
    padding = (height // 2, width // 2)
    return nn.Conv2d(
        channels, channels, (height, width), padding=padding, groups=channels, bias=bias
    )


def colour_shift(times: int) -> nn.Conv2d:
    """A 1x1 convolution that, before it is trained, adds so many times the mean colour."""
    shift = convolution(3, 3, 1)
    assert shift.bias is not None  # it was built with one
    nn.init.dirac_(shift.weight)
    with torch.no_grad():
        shift.bias.copy_(torch.tensor(DIV2K_MEAN) * times)
    return shift


def initialise_small(network: nn.Module) -> None:
    """Draw the weights of all convolutions (not the transposed) Kaiming normal times 0.1.

    Their biases become 0. Source: BasicSR and ClassSR, for networks without normalisation.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            inputs = layer.weight[0].numel()
            nn.init.normal_(layer.weight, std=0.1 * math.sqrt(2 / inputs))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
