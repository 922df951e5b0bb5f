"""The space of SeemoRe networks, and what others share with it."""

from collections.abc import Mapping
from math import gcd
from typing import Annotated, ClassVar, Literal, cast, get_args

from blocks.config import Scale
from blocks.networks.registry import NetworkConfig
from blocks.networks.seemore import RankGrowth, SeemoReConfig, ranks_of
from blocks.networks.seemore_config import DENSE_PARTS, DenseKind, ExpertsConfig
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

_AS_THEY_ARE = ("recursion", "shuffle", "kernel", "ffn_ratio", "dense_kind")


class ExpertsSpace(SkippedFamilySpace):
    """What is searched of networks with SeemoRe's groups of mixers.

    The ranks follow from `experts` and `growth`; an expert whose rank would exceed half
    of the channels is left out, and `top_k` counts at most the experts that remain. `dense_parts`
    is for partial and grouped convolutions, and lowered to what divides the channels.
    """

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
    dense_kind: Annotated[tuple[DenseKind, ...], *ONE_OR_MORE] = ("dense",)
    dense_parts: Integers = (DENSE_PARTS,)

    def mixer_fields(self, values: Mapping[str, Value]) -> dict[str, object]:
        """The fields of a config's groups of mixers."""
        channels = int(values["channels"])
        ranks = _ranks(str(values["growth"]), int(values["experts"]), channels)
        return {
            "ranks": ranks,
            "top_k": min(int(values["top_k"]), len(ranks)),
            **{name: values[name] for name in _AS_THEY_ARE},
            "dense_parts": gcd(int(values["dense_parts"]), channels),
        }

    def mixer_values(self, config: ExpertsConfig) -> dict[str, Value]:
        """The inverse of `mixer_fields`."""
        matches = [
            {"experts": experts, "growth": growth}
            for growth in self.growth
            for experts in values_of(self.experts)
            if _ranks(growth, int(experts), config.channels) == config.ranks
        ]
        unknown: dict[str, Value] = {"experts": len(config.ranks), "growth": ""}
        return {
            "top_k": config.top_k,
            **{name: getattr(config, name) for name in _AS_THEY_ARE},
            **(matches[0] if matches else unknown),
            **self._dense_values(config),
        }

    def _dense_values(self, config: ExpertsConfig) -> dict[str, Value]:
        """The first values that make the same convolution, if there are any."""
        wanted = config.canonical()
        matches = (
            {"dense_kind": kind, "dense_parts": parts}
            for kind in self.dense_kind
            for parts in values_of(self.dense_parts)
            if wanted
            == wanted.replace(
                dense_kind=kind, dense_parts=gcd(int(parts), config.channels)
            ).canonical()
        )
        own: dict[str, Value] = {
            "dense_kind": config.dense_kind,
            "dense_parts": config.dense_parts,
        }
        return next(matches, own)


class SeemoReSpace(ExpertsSpace):
    """SeemoRe: width, depth, experts and their ranks, context and kernel (sheet, section 7)."""

    family: ClassVar[str] = "seemore"

    def network(self, values: Mapping[str, Value], scale: Scale) -> SeemoReConfig:
        fields = {
            "scale": scale,
            **{name: values[name] for name in ("channels", "groups", "image_skip")},
            **self.mixer_fields(values),
        }
        return parse_config(SeemoReConfig, fields, self.family)

    def values(self, config: NetworkConfig) -> dict[str, Value]:
        assert isinstance(config, SeemoReConfig)
        return {
            "channels": config.channels,
            "groups": config.groups,
            "image_skip": config.image_skip,
            **self.mixer_values(config),
        }


def _ranks(growth: str, experts: int, channels: int) -> tuple[int, ...]:
    """The ranks of so many experts, without those that exceed half of the channels.

    Raises:
        ValueError: ranks do not grow so.
    """
    if growth not in get_args(RankGrowth):
        raise ValueError(f"growth must be one of {', '.join(get_args(RankGrowth))}, got {growth!r}")
    ranks = ranks_of(cast(RankGrowth, growth), experts)
    return tuple(rank for rank in ranks if rank <= channels // 2)
