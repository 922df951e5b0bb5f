"""The space of hybrid networks."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, get_args

from blocks.config import Scale
from blocks.networks.hybrid import LOCAL_KINDS, GroupKind, HybridConfig
from blocks.networks.registry import NetworkConfig
from blocks.networks.seemore_config import DenseKind
from blocks.networks.splitsr import active_channels_of
from foundation.configs import parse_config
from search.space.hyperparameters import (
    ONE_OR_MORE,
    Booleans,
    Hyperparameter,
    IntegerRange,
    Integers,
    Numbers,
    Value,
    each_of,
    values_of,
)
from search.space.seemore import ExpertsSpace

GROUP_KINDS: tuple[GroupKind, ...] = get_args(GroupKind)
DENSE_KINDS: tuple[DenseKind, ...] = get_args(DenseKind)


class HybridSpace(ExpertsSpace):
    """Hybrid: how many groups, of which kind each is, and what the groups of a kind have in common.

    `kinds` are those of every group: each draws its own. `blocks` counts those of plain and
    of split groups, `split_ratio` is the active share of the channels of split blocks, and
    `mask_layers` is for mask modules, which need channels in multiples of 16. What is said of
    experts is for the groups of SeemoRe's mixers.
    """

    family: ClassVar[str] = "hybrid"
    channels: Integers = (16, 32, 48)
    groups: Integers = IntegerRange(low=1, high=4)
    experts: Integers = IntegerRange(low=1, high=3)
    growth: Annotated[tuple[Literal["exponential", "linear", "double"], ...], *ONE_OR_MORE] = (
        "exponential",
    )
    top_k: Integers = (1,)
    shuffle: Booleans = (True,)
    kernel: Integers = (5, 7, 11)
    ffn_ratio: Numbers = (1.0, 2.0)
    dense_kind: Annotated[tuple[DenseKind, ...], *ONE_OR_MORE] = DENSE_KINDS
    dense_parts: Integers = (2, 4, 8)

    kinds: Annotated[tuple[GroupKind, ...], *ONE_OR_MORE] = GROUP_KINDS
    blocks: Integers = IntegerRange(low=1, high=3)
    split_ratio: Numbers = (0.125, 0.25, 0.5)
    mask_layers: Integers = IntegerRange(low=1, high=3)
    upsampler: Annotated[tuple[Literal["chain", "one_step"], ...], *ONE_OR_MORE] = (
        "one_step",
        "chain",
    )

    def hyperparameters(self) -> dict[str, Hyperparameter]:
        """The fields, where `kinds` stands for a hyperparameter of each group."""
        hyperparameters = super().hyperparameters()
        kinds = hyperparameters.pop("kinds")
        most = max(int(groups) for groups in values_of(self.groups))
        return {**hyperparameters, **dict.fromkeys(_kind_names(most), kinds)}

    def network(self, values: Mapping[str, Value], scale: Scale) -> HybridConfig:
        ratio, channels = float(values["split_ratio"]), int(values["channels"])
        as_they_are = ("channels", "blocks", "mask_layers", "upsampler", "image_skip")
        fields = {
            "scale": scale,
            **{name: values[name] for name in as_they_are},
            "groups": each_of(_kind_names(int(values["groups"])), values),
            "active_channels": active_channels_of(ratio, channels),
            **self.mixer_fields(values),
        }
        return parse_config(HybridConfig, fields, self.family)

    def values(self, config: NetworkConfig) -> dict[str, Value]:
        assert isinstance(config, HybridConfig)
        found: dict[str, Value] = {
            "channels": config.channels,
            "groups": len(config.groups),
            "upsampler": config.upsampler,
            "image_skip": config.image_skip,
            **dict(zip(_kind_names(len(config.groups)), config.groups, strict=True)),
        }
        if set(LOCAL_KINDS) & set(config.groups):
            found["blocks"] = config.blocks
        if "split" in config.groups:
            found["split_ratio"] = self._ratio_of(config)
        if "masked" in config.groups:
            found["mask_layers"] = config.mask_layers
        if "experts" in config.groups:
            found |= self.mixer_values(config)
        # What concerns no group of the network is as good as any value.
        return {**self.values_at(0), **found}

    def _ratio_of(self, config: HybridConfig) -> float:
        """A ratio that makes the active channels, if there is one."""
        channels, active = config.channels, config.active_channels
        ratios = (r for r in self.split_ratio if active_channels_of(r, channels) == active)
        return next(ratios, active / channels)


def _kind_names(groups: int) -> list[str]:
    return [f"kind_{number}" for number in range(1, groups + 1)]
