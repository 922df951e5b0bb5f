"""SplitSR without the concatenation after every split block, for inference.

A block that rotates all channels to change a few moves the whole feature map. Here runs of
split blocks hold it as slices of `active_channels` each: a block replaces one slice, the
rotation is one of a list, and the map is put together once, before something needs all of it.
Of the layouts that avoid the copies this was the fastest: a convolution on a part of one
buffer copies that part in and out, as slices of channels_last tensors are not contiguous.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from blocks.features import GroupedNetwork
from blocks.layers import ResidualGroup
from blocks.networks.splitsr import SplitSRConfig
from blocks.networks.splitsr_blocks import SplitLayer
from blocks.variants.variant import FamilyVariants, Variant

Grouped = TypeVar("Grouped", bound=GroupedNetwork)


def splits_evenly(config: SplitSRConfig) -> bool:
    """Whether something is split, into slices that are all of the same size."""
    return config.has_split_layers and config.channels % config.active_channels == 0


def splitsr_in_place(network: Grouped) -> Grouped:
    """The network, which is changed, with its runs of split layers in place.

    Its configuration must be one that `splits_evenly`.
    """
    for group in network.groups.children():
        if isinstance(group, ResidualGroup):
            group.blocks = _in_place(group.blocks)
    network.upsampler = _in_place(network.upsampler)
    return network


def _in_place(layers: nn.Sequential) -> nn.Sequential:
    merged: list[nn.Module] = []
    for is_split, run in groupby(layers, lambda layer: isinstance(layer, SplitLayer)):
        alike = list(run)
        merged += [SlicedRun(cast("list[SplitLayer]", alike))] if is_split else alike
    return nn.Sequential(*merged)


class SlicedRun(nn.Module):
    """Split layers in sequence, on a list of slices.

    Shape: (N, C, H, W) -> (N, C, factor H, factor W), the factor being the product of the
    layers' own.
    """

    def __init__(self, layers: list[SplitLayer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.slice_channels = layers[0].active_channels

    def forward(self, x: Tensor) -> Tensor:
        slices: Sequence[Tensor] = torch.split(x, self.slice_channels, dim=1)
        for layer in cast("Iterable[SplitLayer]", self.layers):
            active, *passive = slices
            slices = (*map(layer.keep, passive), layer.process(active))
        return torch.cat(tuple(slices), dim=1)


SPLITSR_VARIANTS = FamilyVariants(
    "splitsr",
    (Variant("concatenated"), Variant("in_place", splitsr_in_place, splits_evenly)),
)
