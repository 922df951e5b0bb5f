"""The space of SeemoRe networks."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, cast

from blocks.config import Scale
from blocks.networks.registry import NetworkConfig
from blocks.networks.seemore import RankGrowth, SeemoReConfig, ranks_of
from foundation.configs import parse_config
from search.space.family import SkippedFamilySpace
from search.space.hyperparameters import (
    ONE_OR_MORE,
    Booleans,
    IntegerRange,
    Integers,
    Numbers,
    Value,
    values_of,
)


class SeemoReSpace(SkippedFamilySpace):
    """SeemoRe: width, depth, experts and their ranks, context and kernel (sheet, section 7).

    The ranks follow from `experts` and `growth`; an expert whose rank would exceed half
    of the channels is left out, and `top_k` counts at most the experts that remain.
    """

    family: ClassVar[str] = "seemore"
    channels: Integers = (24, 36, 48)
    groups: Integers = IntegerRange(low=1, high=8)
    experts: Integers = IntegerRange(low=1, high=4)
    growth: Annotated[tuple[Literal["exponential", "linear", "double"], ...], *ONE_OR_MORE] = (
        "exponential",
        "linear",
        "double",
    )
    top_k: Integers = (1, 2)
    recursion: Integers = (1, 2)
    shuffle: Booleans = (True, False)
    kernel: Integers = (5, 7, 11, 15)
    ffn_ratio: Numbers = (1.0, 2.0, 3.0)

    def network(self, values: Mapping[str, Value], scale: Scale) -> SeemoReConfig:
        fields = dict(values)
        limit = int(fields["channels"]) // 2
        growth = cast(RankGrowth, fields.pop("growth"))
        ranks = tuple(
            rank for rank in ranks_of(growth, int(fields.pop("experts"))) if rank <= limit
        )
        fields["top_k"] = min(int(fields["top_k"]), len(ranks))
        return parse_config(SeemoReConfig, {**fields, "scale": scale, "ranks": ranks}, self.family)

    def values(self, config: NetworkConfig) -> dict[str, Value]:
        fields = config.model_dump(exclude={"family", "scale"})
        ranks = tuple(fields.pop("ranks"))
        matches = [
            {"experts": experts, "growth": growth}
            for growth in self.growth
            for experts in values_of(self.experts)
            if ranks_of(growth, int(experts)) == ranks
        ]
        return {**fields, **(matches[0] if matches else {"experts": len(ranks), "growth": ""})}
