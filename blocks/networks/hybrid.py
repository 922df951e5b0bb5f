"""Hybrid: groups of three published networks, chosen position by position.

No paper has it; the parts are those of SplitSR (arXiv:2101.07996), SeemoRe (arXiv:2402.03412),
SMSR (arXiv:2006.09603) and EDSR (arXiv:1707.02921), each as in its own network here. Around them
is SplitSR's trunk: with plain and split groups alone it is a SplitSR network. Departures from
the parts' own networks: SMSR's modules follow one another without a fusion of all their outputs,
SeemoRe's groups have no norm behind the last, and everything works on images around 0, of a range
of 1, where SMSR's and EDSR's reach 255.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from torch import Tensor, nn

from blocks.features import FeatureConfig, GroupedNetwork, upsampling_factors
from blocks.layers import ImageSkip, ResidualBlock, ResidualGroup
from blocks.networks.seemore import ExpertsNetwork, mixer_group
from blocks.networks.seemore_config import ExpertsConfig
from blocks.networks.smsr import (
    Compute,
    MaskedNetwork,
    SparseMaskModule,
    by_hard_masks,
    check_width,
    made_even,
)
from blocks.networks.splitsr import UpsamplingStep
from blocks.networks.splitsr_blocks import SplitBlock, group_radius_px
from foundation.configs import Count

GroupKind = Literal["plain", "split", "experts", "masked"]
LOCAL_KINDS: tuple[GroupKind, ...] = ("plain", "split")

_FIELDS: Mapping[str, tuple[GroupKind, ...]] = MappingProxyType(
    {
        "blocks": LOCAL_KINDS,
        "active_channels": ("split",),
        "mask_layers": ("masked",),
        **dict.fromkeys(
            ("ranks", "top_k", "recursion", "shuffle", "kernel", "ffn_ratio"), ("experts",)
        ),
        **dict.fromkeys(("dense_kind", "dense_parts"), ("experts",)),
    }
)
"""The kinds of group that a field has an effect on, where it is not all."""


class HybridConfig(ExpertsConfig, FeatureConfig):
    """A hybrid network; the defaults are a modest one without masks."""

    family: Literal["hybrid"] = "hybrid"
    channels: Count = 32
    groups: Annotated[tuple[GroupKind, ...], Field(min_length=1)] = (
        "split",
        "experts",
        "split",
        "experts",
    )
    """The kind of each group: EDSR's residual blocks, SplitSR's split blocks, a group of SeemoRe's
    mixers, or a mask module of SMSR."""
    blocks: Count = 2
    """Blocks in every plain and every split group."""
    active_channels: Count = 8
    """Channels a split block convolves."""
    mask_layers: Count = 2
    """Masked 3x3 convolutions in each mask module."""
    upsampler: Literal["chain", "one_step"] = "one_step"
    image_skip: ImageSkip = "none"

    @model_validator(mode="after")
    def _check_groups(self) -> Self:
        if "split" in self.groups and self.active_channels > self.channels:
            raise ValueError(
                f"active_channels must be at most channels ({self.channels}),"
                f" got {self.active_channels}; lower it or widen the network"
            )
        if "masked" in self.groups:
            check_width(self.channels)
        return self

    @property
    def whole_image_parts(self) -> str:
        parts = {"experts": "routers and a pooled context", "masked": "channel attention"}
        return ", ".join(text for kind, text in parts.items() if kind in self.groups)

    @property
    def is_input_adaptive(self) -> bool:
        return "masked" in self.groups

    @property
    def chooses_experts(self) -> bool:
        return "experts" in self.groups and super().chooses_experts

    @property
    def minimum_size_px(self) -> int:
        return self.smallest_context_px if "experts" in self.groups else 1

    @property
    def receptive_field_radius_px(self) -> int | None:
        if not set(self.groups) <= set(LOCAL_KINDS):
            return None
        groups = sum(
            group_radius_px(
                ["split" if kind == "split" else None] * self.blocks,
                self.channels,
                self.active_channels,
            )
            for kind in self.groups
        )
        # The image skip's own 2 px never reach as far.
        return 1 + groups + 1 + self.reconstruction_radius_px

    @property
    def reconstruction_radius_px(self) -> int:
        return super().reconstruction_radius_px if self.upsampler == "chain" else 1

    def canonical(self) -> Self:
        idle = {
            field: type(self).model_fields[field].default
            for field, kinds in _FIELDS.items()
            if not set(kinds) & set(self.groups)
        }
        return self.replace(**{**self.canonical_experts(), **idle})


class Hybrid(GroupedNetwork, MaskedNetwork, ExpertsNetwork):
    """A grouped network whose groups are of different kinds.

    Of images of odd sides, mask modules work on the images made even.
    """

    config: HybridConfig

    def __init__(self, config: HybridConfig) -> None:
        groups = (_group(kind, config) for kind in config.groups)
        steps = (
            UpsamplingStep(config.channels, factor) for factor in upsampling_factors(config.scale)
        )
        super().__init__(
            config,
            config.channels,
            groups,
            steps if config.upsampler == "chain" else None,
            config.image_skip,
        )

    def extract(self, encoded: Tensor) -> Tensor:
        return self._extract_by(encoded, by_hard_masks)

    def enlarge_by(self, encoded: Tensor, compute: Compute) -> Tensor:
        return self.reconstruct(self._extract_by(encoded, compute))

    def growing_paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        return (lambda images: self._extract_by(images, SparseMaskModule.compute_everything),)

    def _extract_by(self, encoded: Tensor, compute: Compute) -> Tensor:
        height, width = encoded.shape[2:]
        is_masked = self.config.is_input_adaptive
        shallow = x = self.input_convolution(made_even(encoded) if is_masked else encoded)
        for group in self.groups:
            x = compute(group, x) if isinstance(group, SparseMaskModule) else group(x)
        features: Tensor = shallow + self.trunk_convolution(x)
        return features[:, :, :height, :width] if is_masked else features


def _group(kind: GroupKind, config: HybridConfig) -> nn.Module:
    C = config.channels
    match kind:
        case "plain":
            return ResidualGroup(C, (ResidualBlock(C) for _ in range(config.blocks)))
        case "split":
            return ResidualGroup(
                C, (SplitBlock(config.active_channels) for _ in range(config.blocks))
            )
        case "experts":
            return mixer_group(config)
        case "masked":
            return SparseMaskModule(C, config.mask_layers)
