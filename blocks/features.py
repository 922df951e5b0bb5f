"""Networks that find features at low resolution and only then enlarge them.

The enlarged features take many times the memory of the others, but what makes an image of them
sees only a neighbourhood: it can work strip by strip.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from blocks.config import NetworkConfigBase, Scale
from blocks.layers import ImageSkip, SuperResolutionNetwork, convolution
from imaging.tiling import spans


class FeatureConfig(NetworkConfigBase):
    """The configuration of a `FeatureNetwork`."""

    @property
    def reconstruction_radius_px(self) -> int:
        """How many low-resolution pixels away the reconstruction sees features, to each side."""
        return upsampling_radius_px(self.scale)


class FeatureNetwork(SuperResolutionNetwork):
    """A network whose learned part is reconstruct(extract(encoded)).

    It has an `upsampler` and, behind it, an `output_convolution`.
    """

    config: FeatureConfig
    upsampler: nn.Sequential
    output_convolution: nn.Conv2d

    def enlarge(self, encoded: Tensor) -> Tensor:
        return self.reconstruct(self.extract(encoded))

    @abstractmethod
    def extract(self, encoded: Tensor) -> Tensor:
        """The features. Shape: (N, 3, h, w) -> (N, C, h, w)."""

    def reconstruct(self, features: Tensor) -> Tensor:
        """The image of the features. Shape: (N, C, h, w) -> (N, 3, scale h, scale w)."""
        image: Tensor = self.output_convolution(self.upsampler(features))
        return image

    def growing_paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """Without the reconstruction, which can work in strips."""
        return (self.extract,)

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.output_convolution,)


class GroupedNetwork(FeatureNetwork):
    """Input convolution, groups, trunk convolution with a long skip, upsampler.

    With steps of upsampling they enlarge all channels before the output convolution; without,
    the output convolution itself makes all colours of all pixels, and a pixel shuffle follows it.
    """

    def __init__(
        self,
        config: FeatureConfig,
        channels: int,
        groups: Iterable[nn.Module],
        steps: Iterable[nn.Module] | None,
        image_skip: ImageSkip,
    ) -> None:
        super().__init__(config, image_skip)
        scale = config.scale
        self.input_convolution = convolution(3, channels, 3)
        self.groups = nn.Sequential(*groups)
        self.trunk_convolution = convolution(channels, channels, 3)
        if steps is None:
            self.upsampler = nn.Sequential()
            self.output_convolution = convolution(channels, 3 * scale**2, 3)
            self.shuffle: nn.Module = nn.PixelShuffle(scale)
        else:
            self.upsampler = nn.Sequential(*steps)
            self.output_convolution = convolution(channels, 3, 3)
            self.shuffle = nn.Identity()

    def extract(self, encoded: Tensor) -> Tensor:
        shallow = self.input_convolution(encoded)
        features: Tensor = shallow + self.trunk_convolution(self.groups(shallow))
        return features

    def reconstruct(self, features: Tensor) -> Tensor:
        image: Tensor = self.shuffle(super().reconstruct(features))
        return image


class InStrips(nn.Module):
    """A network that reconstructs the image in strips, each of some rows of the features.

    It gives the network's own images, in less memory. A strip has at most `strip_px` pixels at
    low resolution, or one row; so many rows as the reconstruction sees are read beyond it.

    Shape: (N, 3, h, w) -> (N, 3, scale h, scale w).
    """

    def __init__(self, network: FeatureNetwork, strip_px: int) -> None:
        super().__init__()
        self.network = network
        self.strip_px = strip_px

    def forward(self, images: Tensor) -> Tensor:
        return self.network.images_by(self._enlarge, images)

    def _enlarge(self, encoded: Tensor) -> Tensor:
        network, scale = self.network, self.network.config.scale
        features = network.extract(encoded)
        batch, _, height, width = features.shape
        rows = max(1, self.strip_px // (batch * width))
        strips = [
            network.reconstruct(features[:, :, strip.read])[:, :, strip.inside(scale)]
            for strip in spans(height, rows, network.config.reconstruction_radius_px)
        ]
        return torch.cat(strips, dim=2)


def upsampling_factors(scale: Scale) -> tuple[int, ...]:
    """The steps in which a chain of upsamplers enlarges: x4 in two steps of x2."""
    return (2, 2) if scale == 4 else (scale,)


def upsampling_radius_px(scale: Scale, convolutions: int = 1) -> int:
    """The reach, in low-resolution pixels, of a chain of upsamplers and 3x3 convolutions behind.

    Pixels on the finer grid reach into as many coarse ones as they touch.
    """
    receptive_field_radius_px = convolutions
    for factor in upsampling_factors(scale):
        receptive_field_radius_px = math.ceil(receptive_field_radius_px / factor) + 1
    return receptive_field_radius_px


def upsampling_chain(
    channels: int, scale: Scale, activation: nn.Module | None = None
) -> Iterator[nn.Module]:
    """For each step a convolution, a pixel shuffle and, if given, the activation."""
    for factor in upsampling_factors(scale):
        yield convolution(channels, channels * factor**2, 3)
        yield nn.PixelShuffle(factor)
        if activation is not None:
            yield activation
