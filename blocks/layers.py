"""Parts that several networks share."""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase

ImageSkip = Literal["none", "bilinear", "bicubic"]

# Mean colour of the DIV2K photographs, red, green, blue in [0, 1].
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


class SuperResolutionNetwork(nn.Module, ABC):
    """mean + enlarge(images - mean) [+ the interpolated images - mean].

    Shape: (N, 3, h, w) with values in [0, 1] -> (N, 3, scale h, scale w), not clamped.

    Raises:
        ValueError: on a forward whose input has not three channels or is smaller than
            `config.minimum_size_px`, or is not of a floating-point type.
    """

    mean: Tensor

    def __init__(self, config: NetworkConfigBase, image_skip: ImageSkip = "none") -> None:
        super().__init__()
        self.config = config
        self.image_skip = image_skip
        mean = torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        self._check(images)
        centred = images - self.mean
        enlarged = self.enlarge(centred)
        if self.image_skip != "none":
            enlarged = enlarged + F.interpolate(
                centred, scale_factor=self.config.scale, mode=self.image_skip
            )
        return enlarged + self.mean

    @abstractmethod
    def enlarge(self, centred: Tensor) -> Tensor:
        """The learned part. Shape: (N, 3, h, w) around 0 -> (N, 3, scale h, scale w)."""

    @property
    @abstractmethod
    def last_convolution(self) -> nn.Conv2d:
        """The convolution whose output, only rearranged, is the learned part of the image."""

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
        normalised = F.layer_norm(rows, self.weight.shape, self.weight, self.bias, eps=1e-6)
        return normalised.permute(0, 3, 1, 2)


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """A biased convolution with an odd square kernel that keeps height and width."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


def depthwise(channels: int, height: int, width: int) -> nn.Conv2d:
    """A biased depthwise convolution with an odd kernel that keeps height and width."""
    padding = (height // 2, width // 2)
    return nn.Conv2d(channels, channels, (height, width), padding=padding, groups=channels)
