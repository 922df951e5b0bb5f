"""The space of SplitSR networks."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from blocks.config import Scale
from blocks.networks.registry import NetworkConfig
from blocks.networks.splitsr import SplitSRConfig, active_channels_of
from foundation.configs import parse_config
from search.space.family import SkippedFamilySpace
from search.space.hyperparameters import ONE_OR_MORE, IntegerRange, Integers, Numbers, Value


class SplitSRSpace(SkippedFamilySpace):
    """SplitSR: which convolutions are split, how far, and where (spec sheet, section 7).

    `split_ratio` is the active share of the channels, in (0, 1]. `hybrid_index` counts
    split places; an index above the number of places of a network means all of them.
    `location` other than features needs the chain upsampler and is read as features
    where the upsampler is one_step.
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

    def network(self, values: Mapping[str, Value], scale: Scale) -> SplitSRConfig:
        fields = dict(values)
        channels, ratio = int(fields["channels"]), float(fields.pop("split_ratio"))
        places = fields["groups"] if fields["hybrid_scope"] == "group" else fields["blocks"]
        fields["hybrid_index"] = min(int(fields["hybrid_index"]), int(places))
        if fields["upsampler"] == "one_step":
            fields["location"] = "features"
        fields["active_channels"] = active_channels_of(ratio, channels)
        return parse_config(SplitSRConfig, {**fields, "scale": scale}, self.family)

    def values(self, config: NetworkConfig) -> dict[str, Value]:
        fields = config.model_dump(exclude={"family", "scale"})
        active, channels = fields.pop("active_channels"), fields["channels"]
        if fields.pop("split_mask", None) is not None:
            fields["hybrid_mode"] = "mask"  # which no hyperparameter can make
        ratios = [r for r in self.split_ratio if active_channels_of(r, channels) == active]
        return {**fields, "split_ratio": ratios[0] if ratios else active / channels}
