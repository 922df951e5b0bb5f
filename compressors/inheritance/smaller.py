"""Smaller designs of a network: what pruning to a share of the parameters arrives at."""

from collections.abc import Sequence

import torch

from blocks.config import NetworkConfigBase
from compressors.inheritance.building import built
from compressors.inheritance.families.registry import INHERITED_FAMILIES

# A share so near to the one that is wanted is not worth another cut.
_NEAR = 0.04


def smaller(config: NetworkConfigBase, keep: float) -> NetworkConfigBase:
    """The design whose parameters come nearest to the share `keep` of those of `config`.

    Channels are cut first, all widths in one ratio; blocks and the like only where no width comes
    near. A network made of others gets them smaller, each by that share.

    Raises:
        ValueError: keep is not between 0 and 1, the family does not inherit weights, or has no
            smaller design.
    """
    if not 0 < keep < 1:
        raise ValueError(
            f"keep must be above 0 and below 1, the share of the parameters that stays, got {keep}:"
            " 0.6 keeps 60 %"
        )
    heir = INHERITED_FAMILIES.find(config.family)
    if parts := heir.parts(config):
        smaller_parts = {
            name: smaller(part, keep) if parameters_of(part) else part
            for name, part in parts.items()
        }
        return heir.with_parts(config, smaller_parts)
    whole = parameters_of(config)
    nearest: tuple[float, NetworkConfigBase] | None = None
    for series in heir.designs(config):
        for design in _around(series, keep * whole):
            off = abs(parameters_of(design) / whole - keep)
            if nearest is None or off < nearest[0]:
                nearest = off, design
        if nearest is not None and nearest[0] <= _NEAR:
            break
    if nearest is None:
        raise ValueError(
            f"{config.arch_id} has no smaller design: it has one of everything that can be cut"
        )
    return nearest[1]


def check_smaller(parent: NetworkConfigBase, child: NetworkConfigBase) -> None:
    """Check that the child has nothing more than the parent, and fewer parameters.

    Raises:
        ValueError: it has.
    """
    if parent.family != child.family:
        return  # which `inherit` refuses for another reason
    for name in INHERITED_FAMILIES.find(child.family).sizes:
        mine, its = getattr(child, name), getattr(parent, name)
        if mine > its:
            raise ValueError(
                f"{name} of the smaller network must be at most {its}, that of the parent, got"
                f" {mine}"
            )
    of_child, of_parent = parameters_of(child), parameters_of(parent)
    if of_child >= of_parent:
        raise ValueError(
            f"the smaller network must have fewer parameters than its parent ({of_parent:,}), got"
            f" {of_child:,}"
        )


def parameters_of(config: NetworkConfigBase) -> int:
    """How many parameters the network of the configuration has."""
    with torch.device("meta"):
        network = built(config)
    return sum(parameter.numel() for parameter in network.parameters())


def _around(series: Sequence[NetworkConfigBase], wanted: float) -> tuple[NetworkConfigBase, ...]:
    """The two designs between which the wanted size lies; the series falls in size."""
    low, high = 0, len(series)
    while low < high:
        middle = (low + high) // 2
        if parameters_of(series[middle]) > wanted:
            low = middle + 1
        else:
            high = middle
    return tuple(series[max(0, low - 1) : low + 1])
