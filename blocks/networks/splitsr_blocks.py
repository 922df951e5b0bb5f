"""The light-weight blocks that SplitSR weighs against one another, one class for each kind.

Sources: the split block, Liu et al. 2021, arXiv:2101.07996; the depthwise separable convolution,
Howard et al. 2017 (MobileNet), arXiv:1704.04861; the shuffle block, Zhang et al. 2018
(ShuffleNet), arXiv:1707.01083; the inverted residual, Sandler et al. 2018 (MobileNetV2),
arXiv:1801.04381; the Ghost block, Han et al. 2020 (GhostNet), arXiv:1911.11907, without squeeze
and excitation. Departures: no normalisation, as in the rest of SplitSR, and ReLU where
MobileNetV2 has ReLU6, whose bound is for arithmetic in few bits. A depthwise convolution has no
bias where the linear layer behind it has one.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.layers import convolution, depthwise

BlockKind = Literal[
    "split", "split_separable", "split_pointwise", "shuffle", "inverted_residual", "ghost"
]
SPLIT_KINDS: tuple[BlockKind, ...] = ("split", "split_separable", "split_pointwise")
EXPANDING_KINDS: tuple[BlockKind, ...] = ("inverted_residual", "ghost")


class SplitLayer(nn.Module, ABC):
    """concat(keep(x[active:]), process(x[:active])): successive layers rotate the channels.

    Shape: (N, C, H, W) -> (N, C, factor H, factor W).
    """

    def __init__(self, active_channels: int, convolution: nn.Module) -> None:
        super().__init__()
        self.active_channels = active_channels
        self.convolution = convolution

    def forward(self, x: Tensor) -> Tensor:
        if self.active_channels == x.shape[1]:
            return self.process(x)  # with nothing behind it, torch.cat would forget channels_last
        active, passive = x[:, : self.active_channels], x[:, self.active_channels :]
        return torch.cat((self.keep(passive), self.process(active)), dim=1)

    @abstractmethod
    def process(self, active: Tensor) -> Tensor:
        """What becomes of the active channels."""

    @abstractmethod
    def keep(self, passive: Tensor) -> Tensor:
        """What becomes of any of the others, each by itself."""


class PartialConvolution(SplitLayer):
    """concat(x[active:], conv(x[:active])); the convolution is 3x3 unless one is given.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, active_channels: int, branch: nn.Module | None = None) -> None:
        full = convolution(active_channels, active_channels, 3) if branch is None else branch
        super().__init__(active_channels, full)

    def process(self, active: Tensor) -> Tensor:
        convolved: Tensor = self.convolution(active)
        return convolved

    def keep(self, passive: Tensor) -> Tensor:
        return passive


class SplitBlock(PartialConvolution):
    """concat(x[active:], relu(conv(x[:active]))).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def process(self, active: Tensor) -> Tensor:
        return F.relu(self.convolution(active))


class SeparableSplitBlock(SplitBlock):
    """A split block whose convolution is a depthwise 3x3 one and a pointwise one.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, active_channels: int) -> None:
        super().__init__(active_channels, separable(active_channels))


class PointwiseSplitBlock(SplitBlock):
    """A split block whose convolution is 1x1.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, active_channels: int) -> None:
        super().__init__(active_channels, convolution(active_channels, active_channels, 1))


class ShuffleBlock(nn.Module):
    """relu(x + expand(depthwise(shuffle(relu(compress(x)))))), its 1x1 convolutions in groups.

    The shuffle deals the channels of each group out to all groups.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int, inner_channels: int, groups: int) -> None:
        super().__init__()
        self.groups = groups
        self.compress = nn.Conv2d(channels, inner_channels, 1, groups=groups)
        self.depthwise = depthwise(inner_channels, 3, 3, bias=False)
        self.expand = nn.Conv2d(inner_channels, channels, 1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        shuffled = F.channel_shuffle(F.relu(self.compress(x)), self.groups)
        return F.relu(x + self.expand(self.depthwise(shuffled)))


class InvertedResidual(nn.Module):
    """x + project(relu(depthwise(relu(expand(x))))), wide inside; not expanded where it is 1.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        self.expand = (
            nn.Identity()
            if expansion == 1
            else nn.Sequential(convolution(channels, inner, 1), nn.ReLU())
        )
        self.depthwise = depthwise(inner, 3, 3)
        self.project = convolution(inner, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.project(F.relu(self.depthwise(self.expand(x))))
        return x + residual


class GhostModule(nn.Module):
    """concat(y, cheap(y)) of y = primary(x): some features by a 1x1 convolution, the rest of them.

    The cheap features are made by a depthwise 3x3 convolution. Either convolution is followed by
    `activation`.

    Shape: (N, inputs, H, W) -> (N, outputs, H, W).
    """

    def __init__(self, inputs: int, outputs: int, intrinsic: int, activation: nn.Module) -> None:
        super().__init__()
        self.primary = convolution(inputs, intrinsic, 1)
        self.cheap: nn.Module | None = None
        if intrinsic < outputs:
            self.cheap = nn.Conv2d(intrinsic, outputs - intrinsic, 3, padding=1, groups=intrinsic)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.activation(self.primary(x))
        if self.cheap is None:
            return features
        return torch.cat((features, self.activation(self.cheap(features))), dim=1)


class GhostBlock(nn.Module):
    """x + ghost(ghost(x)): a module that widens, with ReLU, and one that narrows, without.

    Of the features of either module `intrinsic / channels` are not cheap.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int, intrinsic: int, expansion: int) -> None:
        super().__init__()
        wide = channels * expansion
        self.widen = GhostModule(channels, wide, intrinsic * expansion, nn.ReLU())
        self.narrow = GhostModule(wide, channels, intrinsic, nn.Identity())

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.narrow(self.widen(x))
        return x + residual


def separable(channels: int) -> nn.Sequential:
    """A depthwise 3x3 convolution and a pointwise one. Shape: (N, C, H, W) -> (N, C, H, W)."""
    return nn.Sequential(depthwise(channels, 3, 3, bias=False), convolution(channels, channels, 1))


def light_block(
    kind: BlockKind, channels: int, active_channels: int, expansion: int, groups: int
) -> nn.Module:
    """The block of a kind, of those numbers that concern it."""
    match kind:
        case "split":
            return SplitBlock(active_channels)
        case "split_separable":
            return SeparableSplitBlock(active_channels)
        case "split_pointwise":
            return PointwiseSplitBlock(active_channels)
        case "shuffle":
            return ShuffleBlock(channels, active_channels, groups)
        case "inverted_residual":
            return InvertedResidual(channels, expansion)
        case "ghost":
            return GhostBlock(channels, active_channels, expansion)


def radii_behind(kind: BlockKind, radii_px: list[int], active_channels: int) -> list[int]:
    """How far each channel sees behind a block of a kind, from how far each sees before it."""
    furthest, channels = max(radii_px), len(radii_px)
    match kind:
        case "split" | "split_separable" | "split_pointwise":
            step = 0 if kind == "split_pointwise" else 1
            active = max(radii_px[:active_channels]) + step
            return radii_px[active_channels:] + [active] * active_channels
        case "shuffle" | "inverted_residual":
            # A shuffle block keeps groups apart, but all channels that reach it see equally far.
            return [furthest + 1] * channels
        case "ghost":
            cheap = channels - active_channels
            intrinsic = furthest + (1 if cheap else 0)
            return [intrinsic] * active_channels + [intrinsic + 1] * cheap


def group_radius_px(blocks: Iterable[BlockKind | None], channels: int, active_channels: int) -> int:
    """The reach of a residual group of blocks by kind, None being a block of two 3x3 convolutions.

    Split blocks rotate, so that each channel has its own reach; the group's convolution sees all.
    """
    radii_px = [0] * channels
    for kind in blocks:
        if kind is None:
            radii_px = [max(radii_px) + 2] * channels
        else:
            radii_px = radii_behind(kind, radii_px, active_channels)
    return max(radii_px) + 1


def check_block(kind: BlockKind, channels: int, active_channels: int, groups: int) -> None:
    """Refuse channels that a block of the kind cannot divide.

    Raises:
        ValueError: says which.
    """
    if kind == "shuffle" and (channels % groups or active_channels % groups):
        raise ValueError(
            "channels and active_channels of shuffle blocks must be multiples of"
            f" convolution_groups ({groups}), got {channels} and {active_channels}"
        )
    if kind == "ghost" and channels % active_channels:
        raise ValueError(
            "active_channels of ghost blocks must divide channels, since each makes equally many"
            f" cheap ones, got {active_channels} of {channels}"
        )
