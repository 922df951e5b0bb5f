"""The space of SplitSR networks."""

from collections.abc import Mapping
from math import gcd
from typing import Annotated, ClassVar, Literal

from blocks.config import Scale
from blocks.networks.registry import NetworkConfig
from blocks.networks.splitsr import (
    CONVOLUTION_GROUPS,
    EXPANSION,
    SplitSRConfig,
    active_channels_of,
)
from blocks.networks.splitsr_blocks import EXPANDING_KINDS, BlockKind
from foundation.configs import parse_config
from search.space.family import SkippedFamilySpace
from search.space.hyperparameters import (
    ONE_OR_MORE,
    IntegerRange,
    Integers,
    Numbers,
    Value,
    values_of,
)


class SplitSRSpace(SkippedFamilySpace):
    """SplitSR: which convolutions are split, how far, and where (spec sheet, section 7).

    `split_ratio` is the active share of the channels, in (0, 1]. `hybrid_index` counts
    split places; an index above the number of places of a network means all of them.
    `location` other than features needs the chain upsampler and is read as features
    where the upsampler is one_step. `block_kind` says what stands at the split places, and
    `split_ratio` is for shuffle blocks the share of the inner channels, for ghost blocks that of
    the features that are not cheap, rounded down to a divisor of the channels. `expansion` is for
    inverted residuals and ghost blocks, `convolution_groups` for shuffle blocks, where it is
    lowered to what divides their channels.
    """

    family: ClassVar[str] = "splitsr"
    channels: Integers = (16, 24, 32, 48, 64)
    groups: Integers = IntegerRange(low=1, high=6)
    blocks: Integers = IntegerRange(low=1, high=6)
    split_ratio: Numbers = (0.125, 0.25, 0.5, 1.0)
    hybrid_index: Integers = IntegerRange(low=0, high=6)
    hybrid_scope: Annotated[tuple[Literal["group", "block"], ...], *ONE_OR_MORE] = ("group",)
    hybrid_mode: Annotated[
        tuple[Literal["split_first", "standard_first", "interleave"], ...], *ONE_OR_MORE
    ] = ("split_first", "standard_first", "interleave")
    location: Annotated[tuple[Literal["features", "upsampler", "both"], ...], *ONE_OR_MORE] = (
        "features",
        "upsampler",
        "both",
    )
    attention: Annotated[tuple[Literal["none", "squeeze_excitation"], ...], *ONE_OR_MORE] = (
        "none",
        "squeeze_excitation",
    )
    upsampler: Annotated[tuple[Literal["chain", "one_step"], ...], *ONE_OR_MORE] = (
        "chain",
        "one_step",
    )

    block_kind: Annotated[tuple[BlockKind, ...], *ONE_OR_MORE] = ("split",)
    expansion: Integers = (EXPANSION,)
    convolution_groups: Integers = (CONVOLUTION_GROUPS,)

    def network(self, values: Mapping[str, Value], scale: Scale) -> SplitSRConfig:
        fields = dict(values)
        channels, ratio = int(fields["channels"]), float(fields.pop("split_ratio"))
        places = fields["groups"] if fields["hybrid_scope"] == "group" else fields["blocks"]
        fields["hybrid_index"] = min(int(fields["hybrid_index"]), int(places))
        if fields["upsampler"] == "one_step":
            fields["location"] = "features"
        active = _active_channels(fields["block_kind"], ratio, channels)
        fields["active_channels"] = active
        fields["convolution_groups"] = gcd(int(fields["convolution_groups"]), channels, active)
        return parse_config(SplitSRConfig, {**fields, "scale": scale}, self.family)

    def values(self, config: NetworkConfig) -> dict[str, Value]:
        assert isinstance(config, SplitSRConfig)
        fields = config.model_dump(exclude={"family", "scale"})
        kind, channels = config.block_kind, config.channels
        active = fields.pop("active_channels")
        if fields.pop("split_mask", None) is not None:
            fields["hybrid_mode"] = "mask"  # which no hyperparameter can make
        is_plain = not (config.splits_features or config.splits_upsampler)
        if is_plain and "upsampler" in self.location and 0 not in values_of(self.hybrid_index):
            fields["location"] = "upsampler"  # of which all channels are active
        ratios = [r for r in self.split_ratio if _active_channels(kind, r, channels) == active]
        if config.location == "features" and not config.divides_channels:
            ratios = [*ratios, *self.split_ratio]
        return {
            **fields,
            "split_ratio": ratios[0] if ratios else active / channels,
            "block_kind": kind,
            # What concerns no block of this kind is as good as any value.
            "expansion": (
                config.expansion if kind in EXPANDING_KINDS else values_of(self.expansion)[0]
            ),
            "convolution_groups": self._groups_value(config),
        }

    def _groups_value(self, config: SplitSRConfig) -> Value:
        """A value that is lowered to the groups of the network, if there is one."""
        values = values_of(self.convolution_groups)
        if config.block_kind != "shuffle":
            return values[0]
        found = config.convolution_groups
        divided = (config.channels, config.active_channels)
        return next((value for value in values if gcd(int(value), *divided) == found), found)


def _active_channels(kind: Value, ratio: float, channels: int) -> int:
    active = active_channels_of(ratio, channels)
    if kind != "ghost":
        return active
    return max(divisor for divisor in range(1, active + 1) if channels % divisor == 0)
