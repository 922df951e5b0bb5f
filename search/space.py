"""The searched architectures: knobs in, validated network configs out.

Every knob of every family is asked for in each trial, whichever family is built. A
genotype of fixed length is what genetic crossover needs: with knobs that come and go,
the parameters common to all trials shrink to the family alone and NSGA-II falls back to
random sampling for the rest.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self, cast

import pydantic

from blocks.catalogue import CATALOGUE
from blocks.config import FrozenConfig, Scale, parse_config
from blocks.networks import NetworkConfig
from blocks.seemore import RankGrowth, SeemoReConfig, ranks_of
from blocks.splitsr import SplitSRConfig, active_channels_of
from search.knobs import (
    ONE_OR_MORE,
    Booleans,
    IntegerRange,
    Integers,
    Knob,
    Numbers,
    Trial,
    Value,
    suggest,
    values_of,
)

SearchedConfig = SplitSRConfig | SeemoReConfig
"""The configs of the families that can be searched; the others are there to compare with."""

ImageSkips = Annotated[tuple[Literal["none", "bilinear", "bicubic"], ...], *ONE_OR_MORE]


class FamilySpace(FrozenConfig):
    """The range of every knob of one family."""

    family: ClassVar[str]
    image_skip: ImageSkips = ("bilinear",)

    def knobs(self) -> dict[str, Knob]:
        """The knobs by name, in the order of their declaration."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    @pydantic.model_validator(mode="after")
    def _every_value_makes_a_network(self) -> Self:
        for name, knob in self.knobs().items():
            for value in values_of(knob):
                self._check_value(name, value)
        return self

    def _check_value(self, name: str, value: Value) -> None:
        """Build the value into three far-apart networks; one that never fits is refused."""
        problems = []
        for share in (0.0, 0.5, 1.0):
            try:
                self.network({**self.values_at(share), name: value}, 2)
            except ValueError as error:
                problems.append(error)
            else:
                return
        raise ValueError(f"{name} {value} fits no network: {problems[-1]}")

    def values_at(self, share: float) -> dict[str, Value]:
        """One value per knob: the first of its list at 0, the middle at 0.5, the last at 1."""
        lists = {name: values_of(knob) for name, knob in self.knobs().items()}
        return {name: values[int(share * (len(values) - 1))] for name, values in lists.items()}

    @abstractmethod
    def network(self, values: Mapping[str, Value], scale: Scale) -> NetworkConfig:
        """The config that one value per knob describes.

        Raises:
            ValueError: the values fit each knob but no network, such as an odd split.
        """

    @abstractmethod
    def values(self, config: NetworkConfig) -> dict[str, Value]:
        """The inverse of `network`: one value per knob, which may lie outside its range."""


class SplitSRSpace(FamilySpace):
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
            fields["hybrid_mode"] = "mask"  # which no knob can make
        ratios = [r for r in self.split_ratio if active_channels_of(r, channels) == active]
        return {**fields, "split_ratio": ratios[0] if ratios else active / channels}


class SeemoReSpace(FamilySpace):
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


class Families(FrozenConfig):
    """The searched families with the range of every knob; a family left out is not searched."""

    splitsr: SplitSRSpace | None = None
    seemore: SeemoReSpace | None = None

    def searched(self) -> tuple[FamilySpace, ...]:
        return tuple(space for space in (self.splitsr, self.seemore) if space is not None)


@dataclass(frozen=True)
class SearchSpace:
    """The architectures that a search may propose."""

    scale: Scale
    families: tuple[FamilySpace, ...]

    def suggest(self, trial: Trial) -> NetworkConfig:
        """Ask the trial for every knob and return the config of the family it chose."""
        names = tuple(space.family for space in self.families)
        chosen = suggest(trial, "family", names)
        values = {
            space.family: {
                name: suggest(trial, f"{space.family}.{name}", knob)
                for name, knob in space.knobs().items()
            }
            for space in self.families
        }
        return self._space_of(str(chosen)).network(values[str(chosen)], self.scale)

    def __contains__(self, config: NetworkConfig) -> bool:
        return config.scale == self.scale and self.misfit(config) is None

    def misfit(self, config: NetworkConfig) -> str | None:
        """Why the space does not hold `config`, naming the first knob that cannot make it."""
        if config.family not in {space.family for space in self.families}:
            return f"family {config.family} is not searched"
        space = self._space_of(config.family)
        values = space.values(config)
        for name, knob in space.knobs().items():
            if values[name] not in values_of(knob):
                return f"{name} {values[name]} is not among {list(values_of(knob))}"
        return None

    def parameters(self, config: NetworkConfig) -> dict[str, Value]:
        """The study's parameters that propose `config`, which the space must hold."""
        space = self._space_of(config.family)
        values = space.values(config)
        parameters: dict[str, Value] = {
            f"{space.family}.{name}": values[name]
            for name, knob in space.knobs().items()
            if len(values_of(knob)) > 1
        }
        if len(self.families) > 1:
            parameters["family"] = config.family
        return parameters

    def published(self) -> tuple[tuple[str, SearchedConfig, str | None], ...]:
        """The catalogue's networks of this scale: name, config, and why it does not fit.

        A published network takes the first image skip of its family's space: the skip is
        part of the quick recipe, and the size and the cost of the network are the same.
        """
        found = []
        for entry in CATALOGUE:
            published = entry.config
            if published.scale != self.scale or not isinstance(published, SearchedConfig):
                continue
            if published.family not in {space.family for space in self.families}:
                continue
            skip = self._space_of(published.family).image_skip[0]
            config = published.model_copy(update={"image_skip": skip})
            found.append((entry.name, config, self.misfit(config)))
        return tuple(found)

    def _space_of(self, family: str) -> FamilySpace:
        return next(space for space in self.families if space.family == family)
