"""What describes SeemoRe's groups of mixers, in its own network and in others.

Source: Zamfir et al. 2024 (SeemoRe), arXiv:2402.03412. The published dense convolution takes a
third of the work of a group; the cheaper ones that may stand in its place are of other papers: the
partial one of SplitSR (Liu et al. 2021, arXiv:2101.07996), without the activation of its blocks,
and the depthwise separable one of MobileNet (Howard et al. 2017, arXiv:1704.04861).
"""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from torch import nn

from blocks.config import NetworkConfigBase
from blocks.layers import convolution
from blocks.networks.splitsr_blocks import PartialConvolution, separable
from foundation.configs import Count

DenseKind = Literal["dense", "partial", "separable", "grouped"]
DIVIDING_KINDS: tuple[DenseKind, ...] = ("partial", "grouped")
DENSE_PARTS = 4
AGGREGATION_STRIDE = 4

# Fields that came later are absent from dumps where they have their default, so that
# configurations without them keep their identity.
Kind = Annotated[DenseKind, Field(exclude_if=lambda kind: kind == "dense")]
Parts = Annotated[Count, Field(exclude_if=lambda parts: parts == DENSE_PARTS)]


class ExpertsConfig(NetworkConfigBase):
    """What describes SeemoRe's groups of mixers, in its own network and in others."""

    channels: Count = 36
    ranks: Annotated[tuple[Count, ...], Field(min_length=1)] = (2, 4, 8)
    """One expert each, the same in every group."""
    top_k: Count = 1
    """Experts whose output counts for an image."""
    recursion: Annotated[int, Field(ge=0, le=3, strict=True)] = 2
    """How often the context branch is reduced by 4 on each side."""
    shuffle: Annotated[bool, Field(strict=True)] = True
    """Whether the local and the context half exchange channels before they are used."""
    kernel: Annotated[int, Field(ge=3, le=31, strict=True)] = 11
    """Length in pixels of the stripes that gate the spatial mixer; odd."""
    ffn_ratio: Annotated[float, Field(gt=0, le=8, strict=True)] = 2.0
    """Channels inside the feed-forward part, both halves together, over `channels`."""
    dense_kind: Kind = "dense"
    """The 3x3 convolution at the head of the rank mixer: dense; one of a part of the channels,
    which passes the others on; a depthwise and a pointwise one; or one in groups."""
    dense_parts: Parts = DENSE_PARTS
    """Parts of the channels: a partial convolution takes one of them, a grouped one each by itself.
    It divides `channels`."""

    @model_validator(mode="after")
    def _check_experts(self) -> Self:
        experts = len(self.ranks)
        if self.top_k > experts:
            raise ValueError(
                f"top_k must be at most the number of experts ({experts}), got {self.top_k}"
            )
        if self.kernel % 2 == 0:
            raise ValueError(
                f"kernel must be odd to keep height and width, got {self.kernel};"
                f" use {self.kernel - 1} or {self.kernel + 1}"
            )
        hidden = self.ffn_ratio * self.channels
        if (
            self.ffn_channels < 2
            or self.ffn_channels % 2
            or not math.isclose(hidden, self.ffn_channels)
        ):
            raise ValueError(
                f"ffn_ratio times channels must be an even whole number, got {self.ffn_ratio}"
                f" * {self.channels} = {hidden:g}; 2.0 always fits"
            )
        if self.dense_kind in DIVIDING_KINDS and self.channels % self.dense_parts:
            raise ValueError(
                f"dense_parts of a {self.dense_kind} convolution must divide channels"
                f" ({self.channels}), got {self.dense_parts}"
            )
        return self

    @property
    def ffn_channels(self) -> int:
        """Channels inside the feed-forward part, both halves together."""
        return round(self.ffn_ratio * self.channels)

    @property
    def chooses_experts(self) -> bool:
        """Whether an image decides which experts count for it."""
        return self.top_k < len(self.ranks)

    @property
    def smallest_context_px(self) -> int:
        """The smallest height and width of which the reduced context has a pixel."""
        return int(AGGREGATION_STRIDE**self.recursion)

    @property
    def built_dense_kind(self) -> DenseKind:
        """The convolution that `dense_kind` makes: one part alone is dense."""
        is_whole = self.dense_kind in DIVIDING_KINDS and self.dense_parts == 1
        return "dense" if is_whole else self.dense_kind

    def canonical_experts(self) -> dict[str, object]:
        """The fields of the groups of mixers in their canonical form."""
        kind = self.built_dense_kind
        return {
            "ranks": tuple(sorted(self.ranks)),
            "ffn_ratio": self.ffn_channels / self.channels,
            "dense_kind": kind,
            "dense_parts": self.dense_parts if kind in DIVIDING_KINDS else DENSE_PARTS,
        }


def dense_convolution(config: ExpertsConfig) -> nn.Module:
    """What stands in the place of the dense 3x3 convolution."""
    C, parts = config.channels, config.dense_parts
    match config.built_dense_kind:
        case "dense":
            return convolution(C, C, 3)
        case "partial":
            return PartialConvolution(C // parts)
        case "separable":
            return separable(C)
        case "grouped":
            return nn.Conv2d(C, C, 3, padding=1, groups=parts)
