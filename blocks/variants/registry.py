"""The inference variants of each family: other ways to compute the same images."""

import copy

from torch import nn

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork
from blocks.variants.classsr import CLASSSR_VARIANTS
from blocks.variants.fsrcnn import FSRCNN_VARIANTS
from blocks.variants.hybrid import HYBRID_VARIANTS
from blocks.variants.safmn import SAFMN_VARIANTS
from blocks.variants.seemore import SEEMORE_VARIANTS
from blocks.variants.smsr import SMSR_VARIANTS
from blocks.variants.span import SPAN_VARIANTS
from blocks.variants.splitsr import SPLITSR_VARIANTS
from blocks.variants.variant import PLAIN, FamilyVariants, Variant
from foundation.registry import Registry

VARIANTS = Registry(
    "family with variants",
    (
        SPLITSR_VARIANTS,
        SEEMORE_VARIANTS,
        FSRCNN_VARIANTS,
        SAFMN_VARIANTS,
        SMSR_VARIANTS,
        CLASSSR_VARIANTS,
        SPAN_VARIANTS,
        HYBRID_VARIANTS,
    ),
)
"""The families that have more than one; every network of another family has its own."""

_ONLY_PLAIN = FamilyVariants("", (PLAIN,))


def variants_of(config: NetworkConfigBase) -> tuple[str, ...]:
    """The names of the variants that the network of `config` has, the network's own first."""
    return tuple(_applicable(config))


def export_variant(config: NetworkConfigBase, *, has_pooling: bool = False) -> str:
    """The variant that is exported: the network's own, unless another is made for it.

    `has_pooling` says that what it becomes has adaptive pooling, which ONNX lacks.
    """
    first, *others = _applicable(config).values()
    made = (it for it in others if it.is_for_export and not (has_pooling and it.spells_out_pooling))
    return next((variant.name for variant in made), first.name)


def has_own_peak(config: NetworkConfigBase, name: str) -> bool:
    """Whether a variant takes more memory than the peak paths of the network say.

    Raises:
        ValueError: the network has no such variant.
    """
    return _variant(config, name).has_own_peak


def is_of_one_size(config: NetworkConfigBase, name: str) -> bool:
    """Whether a variant's graph is for images of one size.

    Raises:
        ValueError: the network has no such variant.
    """
    return _variant(config, name).is_of_one_size


def in_variant(network: SuperResolutionNetwork, name: str) -> nn.Module:
    """A copy of `network` for inference in one of its variants, in evaluation mode.

    Raises:
        ValueError: the network has no such variant.
    """
    convert = _variant(network.config, name).convert
    return convert(copy.deepcopy(network).eval()).eval().requires_grad_(False)


def _variant(config: NetworkConfigBase, name: str) -> Variant:
    variants = _applicable(config)
    if name not in variants:
        raise ValueError(
            f"variant must be one of {', '.join(variants)} for {config.family}, got {name!r}"
        )
    return variants[name]


def _applicable(config: NetworkConfigBase) -> dict[str, Variant]:
    variants = VARIANTS.get(config.family, _ONLY_PLAIN).variants
    return {variant.name: variant for variant in variants if variant.applies(config)}
