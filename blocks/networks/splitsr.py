"""SplitSR: residual groups in which cheap channel-split blocks replace standard ones.

Source: Liu et al. 2021 (SplitSR), arXiv:2101.07996. No official code exists; where the
paper's figure and abstract are silent the reading follows EDSR/RCAN-style implementations:
no normalisation, ReLU, no skip on the active channels, group and trunk convolutions with
skips. The split upsampler is a reading of our own.
"""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.features import FeatureConfig, FeatureNetwork, upsampling_factors
from blocks.layers import (
    ImageSkip,
    ResidualBlock,
    ResidualGroup,
    SqueezeExcitation,
    convolution,
)
from foundation.configs import Count

HybridScope = Literal["group", "block"]
HybridMode = Literal["split_first", "standard_first", "interleave"]
Location = Literal["features", "upsampler", "both"]
SplitPattern = tuple[tuple[Annotated[bool, Field(strict=True)], ...], ...]

HYBRID_SCOPES: tuple[HybridScope, ...] = ("group", "block")
HYBRID_MODES: tuple[HybridMode, ...] = ("split_first", "standard_first", "interleave")


def _is_none(value: object) -> bool:
    return value is None


class SplitSRConfig(FeatureConfig):
    """A SplitSR network; the defaults are the sheet's reading of the paper's chosen point."""

    whole_image_parts: ClassVar[str] = "channel attention"

    family: Literal["splitsr"] = "splitsr"
    channels: Count = 64
    groups: Count = 6
    blocks: Count = 6
    """Blocks in every group."""
    active_channels: Count = 16
    """Channels a split block convolves; the split ratio is active_channels / channels."""
    hybrid_index: Annotated[int, Field(ge=0, strict=True)] = 3
    """Places that are split: groups, or blocks of every group, as the scope says."""
    hybrid_scope: HybridScope = "group"
    hybrid_mode: HybridMode = "split_first"
    location: Location = "features"
    """Where splitting is used; for "upsampler" no block is split, whatever else is said."""
    attention: Literal["none", "squeeze_excitation"] = "none"
    """Channel attention at the end of standard blocks."""
    upsampler: Literal["chain", "one_step"] = "chain"
    image_skip: ImageSkip = "none"
    split_mask: Annotated[SplitPattern | None, Field(exclude_if=_is_none)] = None
    """For every group and block whether it is split, in place of the hybrid fields.

    Absent from dumps where it is None, so that configurations without one keep their identity.
    """

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.active_channels > self.channels:
            raise ValueError(
                f"active_channels must be at most channels ({self.channels}),"
                f" got {self.active_channels}; lower it or widen the network"
            )
        if self.split_mask is None:
            self._check_hybrid_index()
        else:
            self._check_split_mask(self.split_mask)
        if self.location != "features" and self.upsampler == "one_step":
            raise ValueError(
                f"location {self.location!r} splits the upsampler, which needs the chain of"
                " upsampling steps, got upsampler 'one_step'; use 'chain' or location 'features'"
            )
        return self

    def _check_hybrid_index(self) -> None:
        places = self._places(self.hybrid_scope)
        if self.hybrid_index > places:
            raise ValueError(
                f"hybrid_index must be 0 to {places} (one place per {self.hybrid_scope}),"
                f" got {self.hybrid_index}"
            )

    def _check_split_mask(self, mask: SplitPattern) -> None:
        lengths = [len(group) for group in mask]
        if lengths != [self.blocks] * self.groups:
            raise ValueError(
                f"split_mask must have {self.groups} groups of {self.blocks} blocks,"
                f" got {len(mask)} groups of {lengths}; set groups and blocks with it"
            )

    @property
    def split_pattern(self) -> SplitPattern:
        """For every group and block whether it is split."""
        if self.location == "upsampler":
            return self._pattern("group", "split_first", 0)
        if self.split_mask is not None:
            return self.split_mask
        return self._pattern(self.hybrid_scope, self.hybrid_mode, self.hybrid_index)

    @property
    def upsampler_active_channels(self) -> int:
        """Channels the upsampling steps convolve: all of them unless the upsampler is split."""
        return self.channels if self.location == "features" else self.active_channels

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int | None:
        if self.canonical().attention != "none":
            return None
        groups = sum(self._group_radius_px(pattern) for pattern in self.split_pattern)
        # The image skip's own 2 px never reach as far.
        return 1 + groups + 1 + self.reconstruction_radius_px

    @property
    def reconstruction_radius_px(self) -> int:
        return super().reconstruction_radius_px if self.upsampler == "chain" else 1

    def canonical(self) -> Self:
        blocks = [is_split for group in self.split_pattern for is_split in group]
        splits_features = any(blocks)
        splits_upsampler = self.upsampler_active_channels < self.channels
        placement = self._first_placement()
        scope, mode, index = placement or ("group", "split_first", 0)
        location: Location = "features"
        if splits_upsampler:
            location = "both" if splits_features else "upsampler"
        return self.replace(
            active_channels=(
                self.active_channels if splits_features or splits_upsampler else self.channels
            ),
            hybrid_index=index,
            hybrid_scope=scope,
            hybrid_mode=mode,
            location=location,
            attention="none" if all(blocks) else self.attention,
            split_mask=self.split_pattern if placement is None else None,
        )

    def _group_radius_px(self, pattern: tuple[bool, ...]) -> int:
        """The reach of a group: split blocks rotate, so that each channel has its own."""
        active = self.active_channels
        reaches = [0] * self.channels
        for is_split in pattern:
            if is_split:
                reaches = reaches[active:] + [max(reaches[:active]) + 1] * active
            else:
                reaches = [max(reaches) + 2] * self.channels
        return max(reaches) + 1

    def _first_placement(self) -> tuple[HybridScope, HybridMode, int] | None:
        """The first scope, mode and index, in a fixed order, that give this split pattern."""
        wanted = self.split_pattern
        placements = (
            (scope, mode, index)
            for scope in HYBRID_SCOPES
            for mode in HYBRID_MODES
            for index in range(self._places(scope) + 1)
            if self._pattern(scope, mode, index) == wanted
        )
        return next(placements, None)

    def _places(self, scope: HybridScope) -> int:
        return self.groups if scope == "group" else self.blocks

    def _pattern(self, scope: HybridScope, mode: HybridMode, index: int) -> SplitPattern:
        places = _split_places(mode, index, self._places(scope))
        if scope == "group":
            return tuple((is_split,) * self.blocks for is_split in places)
        return (places,) * self.groups


def active_channels_of(split_ratio: float, channels: int) -> int:
    """The whole number of active channels for a split ratio, rounded down but at least 1.

    Raises:
        ValueError: the ratio is not in (0, 1].
    """
    if not 0 < split_ratio <= 1:
        raise ValueError(
            f"split ratio must be above 0 and at most 1, got {split_ratio}; 0.25 is usual"
        )
    return max(1, int(split_ratio * channels))


def _split_places(mode: HybridMode, index: int, places: int) -> tuple[bool, ...]:
    match mode:
        case "split_first":
            return tuple(place < index for place in range(places))
        case "standard_first":
            return tuple(place >= places - index for place in range(places))
        case "interleave":
            # Spread evenly: a place is split when the running share passes a whole number.
            return tuple(
                (place + 1) * index // places > place * index // places for place in range(places)
            )


class SplitLayer(nn.Module, ABC):
    """concat(keep(x[active:]), process(x[:active])): successive layers rotate the channels.

    Shape: (N, C, H, W) -> (N, C, factor H, factor W).
    """

    def __init__(self, active_channels: int, factor: int = 1) -> None:
        super().__init__()
        self.active_channels = active_channels
        self.convolution = convolution(active_channels, active_channels * factor**2, 3)

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


class SplitBlock(SplitLayer):
    """concat(x[active:], relu(conv(x[:active]))).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def process(self, active: Tensor) -> Tensor:
        return F.relu(self.convolution(active))

    def keep(self, passive: Tensor) -> Tensor:
        return passive


def _block(config: SplitSRConfig, is_split: bool) -> nn.Module:
    if is_split:
        return SplitBlock(config.active_channels)
    if config.attention == "squeeze_excitation":
        return ResidualBlock(config.channels, SqueezeExcitation(config.channels))
    return ResidualBlock(config.channels)


class UpsamplingStep(nn.Module):
    """pixel_shuffle(conv(x)).

    Shape: (N, C, H, W) -> (N, C, factor H, factor W).
    """

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.convolution = convolution(channels, channels * factor**2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.convolution(x), self.factor)


class SplitUpsamplingStep(SplitLayer):
    """The upsampling step of the active channels, behind the others, which are repeated.

    The parts change places as in a split block, so that a second step convolves other
    channels; the passive ones are enlarged to the nearest neighbour.

    Shape: (N, C, H, W) -> (N, C, factor H, factor W).
    """

    def __init__(self, active_channels: int, factor: int) -> None:
        super().__init__(active_channels, factor)
        self.factor = factor

    def process(self, active: Tensor) -> Tensor:
        return F.pixel_shuffle(self.convolution(active), self.factor)

    def keep(self, passive: Tensor) -> Tensor:
        return F.interpolate(passive, scale_factor=self.factor, mode="nearest")


def _upsampling_step(config: SplitSRConfig, factor: int) -> nn.Module:
    active = config.upsampler_active_channels
    if active < config.channels:
        return SplitUpsamplingStep(active, factor)
    return UpsamplingStep(config.channels, factor)


class SplitSR(FeatureNetwork):
    """Input convolution, groups, trunk convolution with a long skip, upsampler.

    The chain enlarges all channels (x4 in two steps of x2) before the output convolution;
    the one-step upsampler is the output convolution itself, followed by a pixel shuffle.
    """

    config: SplitSRConfig

    def __init__(self, config: SplitSRConfig) -> None:
        super().__init__(config, config.image_skip)
        C, scale = config.channels, config.scale
        self.input_convolution = convolution(3, C, 3)
        self.groups = nn.Sequential(
            *(
                ResidualGroup(C, (_block(config, is_split) for is_split in pattern))
                for pattern in config.split_pattern
            )
        )
        self.trunk_convolution = convolution(C, C, 3)
        if config.upsampler == "chain":
            self.upsampler = nn.Sequential(
                *(_upsampling_step(config, factor) for factor in upsampling_factors(scale))
            )
            self.output_convolution = convolution(C, 3, 3)
            self.shuffle: nn.Module = nn.Identity()
        else:
            self.upsampler = nn.Sequential()
            self.output_convolution = convolution(C, 3 * scale**2, 3)
            self.shuffle = nn.PixelShuffle(scale)

    def extract(self, encoded: Tensor) -> Tensor:
        shallow = self.input_convolution(encoded)
        features: Tensor = shallow + self.trunk_convolution(self.groups(shallow))
        return features

    def reconstruct(self, features: Tensor) -> Tensor:
        image: Tensor = self.shuffle(super().reconstruct(features))
        return image
