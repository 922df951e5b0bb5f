"""The variants of a hybrid network: those of its parts, together where they go together.

What is folded or masked decides nothing by the values of an image and is for export; of mask
modules that work at active pixels only, and of chosen experts, that cannot be said.
"""

from operator import attrgetter

from blocks.networks.hybrid import Hybrid, HybridConfig
from blocks.networks.seemore import MixerLayer
from blocks.variants.seemore import seemore_selected
from blocks.variants.seemore_folded import folded_mixer_layer, has_small_context
from blocks.variants.smsr import masked_smsr, sparse_smsr
from blocks.variants.splitsr import splitsr_in_place
from blocks.variants.variant import FamilyVariants, Variant, replace_modules


def splits_evenly(config: HybridConfig) -> bool:
    """Whether split blocks divide the channels into slices that are all of the same size."""
    is_divided = config.active_channels < config.channels
    return "split" in config.groups and is_divided and config.channels % config.active_channels == 0


def can_fold(config: HybridConfig) -> bool:
    """Whether there are groups of mixers that can be folded."""
    return "experts" in config.groups and has_small_context(config)


def folds_alone(config: HybridConfig) -> bool:
    """Whether there are such groups, and no masks, with which another variant folds them."""
    return can_fold(config) and not config.is_input_adaptive


def folded(network: Hybrid) -> Hybrid:
    """The network, which is changed, with its groups of mixers in fewer linear maps, if it can."""
    if can_fold(network.config):
        replace_modules(
            network, MixerLayer, lambda layer: folded_mixer_layer(layer, is_centred=False)
        )
        network.to(network.mean.dtype)  # the products were formed in double precision
    return network


def folded_and_masked(network: Hybrid) -> Hybrid:
    """The network, which is changed, folded and with ordinary convolutions that are masked."""
    return masked_smsr(folded(network))


def all_in_place(network: Hybrid) -> Hybrid:
    """The network, which is changed, folded and masked, its runs of split blocks in place."""
    return splitsr_in_place(folded_and_masked(network))


def sparse(network: Hybrid) -> Hybrid:
    """The network, which is changed, folded, its split blocks in place, at active pixels only."""
    changed = folded(network)
    return sparse_smsr(splitsr_in_place(changed) if splits_evenly(network.config) else changed)


HYBRID_VARIANTS = FamilyVariants(
    "hybrid",
    (
        Variant("plain"),
        Variant("in_place", all_in_place, splits_evenly),
        Variant("folded", folded, folds_alone, is_for_export=True),
        Variant("masked", folded_and_masked, attrgetter("is_input_adaptive"), is_for_export=True),
        Variant("sparse", sparse, attrgetter("is_input_adaptive")),
        Variant("selected", seemore_selected, attrgetter("chooses_experts")),
    ),
)
