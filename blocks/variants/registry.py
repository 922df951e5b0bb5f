"""The inference variants of each family: other ways to compute the same images.

A network is written in the variant that is trained. A variant is another module with the same
weights, which gives the same images for every input and may be faster on one target or
another; it is for inference only. The first variant of every family is the network itself.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork
from blocks.networks.classsr import AllBranches, ClassSRConfig
from blocks.networks.safmn import WindowedSafmn
from blocks.networks.span import fold_span
from blocks.variants.fsrcnn_shuffled import shuffled
from blocks.variants.seemore_folded import has_small_context, seemore_folded
from blocks.variants.seemore_selected import chooses_experts, seemore_selected
from blocks.variants.smsr import masked_smsr, sparse_smsr
from blocks.variants.splitsr_in_place import splits_evenly, splitsr_in_place

PLAIN = "plain"
ALL_BRANCHES = "all_branches"


@dataclass(frozen=True)
class Variant:
    """One way to compute a network."""

    name: str
    convert: Callable[[Any], nn.Module]
    """From the network, in evaluation mode and the callee's own, to a module of this variant."""
    applies: Callable[[Any], bool] = lambda config: True
    """Whether networks of a configuration have this variant."""
    is_for_export: bool = False
    """Whether it makes a better graph than the network itself, or the only one."""


_PLAIN = Variant(PLAIN, lambda network: network)


def _has_fsrcnn(config: ClassSRConfig) -> bool:
    return any(branch.family == "fsrcnn" for branch in config.branches)


VARIANTS: Mapping[str, tuple[Variant, ...]] = MappingProxyType(
    {
        "splitsr": (
            Variant("concatenated", lambda network: network),
            Variant("in_place", splitsr_in_place, splits_evenly),
        ),
        "seemore": (
            Variant("masked", lambda network: network),
            Variant("selected", seemore_selected, chooses_experts),
            Variant("folded", seemore_folded, has_small_context, is_for_export=True),
        ),
        "fsrcnn": (_PLAIN, Variant("shuffled", shuffled)),
        "safmn": (_PLAIN, Variant("windows", WindowedSafmn, is_for_export=True)),
        "smsr": (
            Variant("multiplied", lambda network: network),
            Variant("masked", masked_smsr, is_for_export=True),
            Variant("sparse", sparse_smsr),
        ),
        "classsr": (
            Variant("routed", lambda network: network),
            Variant("routed_shuffled", shuffled, _has_fsrcnn),
            Variant(ALL_BRANCHES, AllBranches),
        ),
        "span": (
            _PLAIN,
            Variant(
                "folded",
                fold_span,
                applies=lambda config: config.form == "training",
                is_for_export=True,
            ),
        ),
    }
)


def variants_of(config: NetworkConfigBase) -> tuple[str, ...]:
    """The names of the variants that the network of `config` has, the network's own first."""
    return tuple(variant.name for variant in _applicable(config))


def export_variant(config: NetworkConfigBase) -> str:
    """The variant that is exported: the network's own, unless another is made for it."""
    first, *others = _applicable(config)
    return next((variant.name for variant in others if variant.is_for_export), first.name)


def in_variant(network: SuperResolutionNetwork, name: str) -> nn.Module:
    """A copy of `network` for inference in one of its variants, in evaluation mode.

    Raises:
        ValueError: the network has no such variant.
    """
    variants = {variant.name: variant for variant in _applicable(network.config)}
    if name not in variants:
        raise ValueError(
            f"variant must be one of {', '.join(variants)} for {network.config.family}, "
            f"got {name!r}"
        )
    return variants[name].convert(copy.deepcopy(network).eval()).eval().requires_grad_(False)


def _applicable(config: NetworkConfigBase) -> tuple[Variant, ...]:
    variants = VARIANTS.get(config.family, (_PLAIN,))
    return tuple(variant for variant in variants if variant.applies(config))
