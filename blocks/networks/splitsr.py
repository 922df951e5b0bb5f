"""SplitSR: residual groups in which cheap channel-split blocks replace standard ones.

Source: Liu et al. 2021 (SplitSR), arXiv:2101.07996. No official code exists; where the
paper's figure and abstract are silent the reading follows EDSR/RCAN-style implementations:
no normalisation, ReLU, no skip on the active channels, group and trunk convolutions with
skips. The split upsampler is a reading of our own. In place of split blocks there can be others
that it may be compared with (see splitsr_blocks).
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.features import FeatureConfig, GroupedNetwork, upsampling_factors
from blocks.layers import (
    ImageSkip,
    ResidualBlock,
    ResidualGroup,
    SqueezeExcitation,
    convolution,
)
from blocks.networks.splitsr_blocks import (
    EXPANDING_KINDS,
    SPLIT_KINDS,
    BlockKind,
    SplitLayer,
    check_block,
    group_radius_px,
    light_block,
)
from foundation.configs import Count

HybridScope = Literal["group", "block"]
HybridMode = Literal["split_first", "standard_first", "interleave"]
Location = Literal["features", "upsampler", "both"]
SplitPattern = tuple[tuple[Annotated[bool, Field(strict=True)], ...], ...]

HYBRID_SCOPES: tuple[HybridScope, ...] = ("group", "block")
HYBRID_MODES: tuple[HybridMode, ...] = ("split_first", "standard_first", "interleave")


EXPANSION = 6
"""MobileNetV2's."""
CONVOLUTION_GROUPS = 4


def _is_none(value: object) -> bool:
    return value is None


# Fields that came later are absent from dumps where they have their default, so that
# configurations without them keep their identity.
Kind = Annotated[BlockKind, Field(exclude_if=lambda kind: kind == "split")]
Expansion = Annotated[Count, Field(exclude_if=lambda expansion: expansion == EXPANSION)]
Groups = Annotated[Count, Field(exclude_if=lambda groups: groups == CONVOLUTION_GROUPS)]


class SplitSRConfig(FeatureConfig):
    """A SplitSR network; the defaults are the sheet's reading of the paper's chosen point."""

    whole_image_parts: ClassVar[str] = "channel attention"

    family: Literal["splitsr"] = "splitsr"
    channels: Count = 64
    groups: Count = 6
    blocks: Count = 6
    """Blocks in every group."""
    active_channels: Count = 16
    """Channels a split block convolves; the split ratio is active_channels / channels.

    Of a shuffle block, the channels between its 1x1 convolutions; of a ghost block, those of its
    outputs that are not cheap, which must divide `channels`.
    """
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
    """For every group and block whether it is split, in place of the hybrid fields."""
    block_kind: Kind = "split"
    """What stands where a block is split: split blocks, with one convolution or another, or a
    light-weight block of another network in their place."""
    expansion: Expansion = EXPANSION
    """Inner width of inverted residuals and of ghost blocks, as a multiple of `channels`."""
    convolution_groups: Groups = CONVOLUTION_GROUPS
    """Groups of the 1x1 convolutions of shuffle blocks, by which they divide their channels."""

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
        check_block(self.block_kind, self.channels, self.active_channels, self.convolution_groups)
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
    def splits_upsampler(self) -> bool:
        """Whether the upsampling steps convolve a part of the channels only."""
        return self.upsampler_active_channels < self.channels

    @property
    def has_split_layers(self) -> bool:
        """Whether some layer works on a part of the channels and passes the others on."""
        canonical = self.canonical()
        in_blocks = canonical.splits_features and canonical.block_kind in SPLIT_KINDS
        in_upsampler = canonical.location != "features"
        return canonical.active_channels < self.channels and (in_blocks or in_upsampler)

    @property
    def divides_channels(self) -> bool:
        """Whether anything depends on `active_channels`."""
        in_blocks = self.splits_features and self.block_kind != "inverted_residual"
        return in_blocks or self.splits_upsampler

    @property
    def splits_features(self) -> bool:
        """Whether any block is split."""
        return any(is_split for group in self.split_pattern for is_split in group)

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int | None:
        if self.canonical().attention != "none":
            return None
        kinds = ((self.block_kind if split else None for split in of) for of in self.split_pattern)
        groups = sum(group_radius_px(of, self.channels, self.active_channels) for of in kinds)
        # The image skip's own 2 px never reach as far.
        return 1 + groups + 1 + self.reconstruction_radius_px

    @property
    def reconstruction_radius_px(self) -> int:
        return super().reconstruction_radius_px if self.upsampler == "chain" else 1

    def canonical(self) -> Self:
        blocks = [is_split for group in self.split_pattern for is_split in group]
        kind: BlockKind = self.block_kind if any(blocks) else "split"
        placement = self._first_placement()
        scope, mode, index = placement or ("group", "split_first", 0)
        location: Location = "features"
        if self.splits_upsampler:
            location = "both" if any(blocks) else "upsampler"
        return self.replace(
            active_channels=self.active_channels if self.divides_channels else self.channels,
            hybrid_index=index,
            hybrid_scope=scope,
            hybrid_mode=mode,
            location=location,
            attention="none" if all(blocks) else self.attention,
            split_mask=self.split_pattern if placement is None else None,
            block_kind=kind,
            expansion=self.expansion if kind in EXPANDING_KINDS else EXPANSION,
            convolution_groups=(
                self.convolution_groups if kind == "shuffle" else CONVOLUTION_GROUPS
            ),
        )

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


def _block(config: SplitSRConfig, is_split: bool) -> nn.Module:
    if is_split:
        return light_block(
            config.block_kind,
            config.channels,
            config.active_channels,
            config.expansion,
            config.convolution_groups,
        )
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
        super().__init__(
            active_channels, convolution(active_channels, active_channels * factor**2, 3)
        )
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


class SplitSR(GroupedNetwork):
    """A grouped network whose blocks and steps of upsampling are split or not.

    The chain enlarges all channels (x4 in two steps of x2) before the output convolution;
    the one-step upsampler is the output convolution itself, followed by a pixel shuffle.
    """

    config: SplitSRConfig

    def __init__(self, config: SplitSRConfig) -> None:
        groups = (
            ResidualGroup(config.channels, (_block(config, is_split) for is_split in pattern))
            for pattern in config.split_pattern
        )
        steps = (_upsampling_step(config, factor) for factor in upsampling_factors(config.scale))
        super().__init__(
            config,
            config.channels,
            groups,
            steps if config.upsampler == "chain" else None,
            config.image_skip,
        )
