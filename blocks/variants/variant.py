"""What a variant of a network is: another module that gives the same images.

A network is written in the variant that is trained. The others have the same weights, give the
same images for every input, and may be faster on one target or another; they are for inference
only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import nn

_Replaced = TypeVar("_Replaced", bound=nn.Module)


def replace_modules(
    network: nn.Module, replaced: type[_Replaced], convert: Callable[[_Replaced], nn.Module]
) -> None:
    """Put another module in the place of every module of one class inside `network`."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, replaced):
                setattr(module, name, convert(child))


def _unchanged(network: nn.Module) -> nn.Module:
    return network


def _always(config: object) -> bool:
    return True


@dataclass(frozen=True)
class Variant:
    """One way to compute a network."""

    name: str
    convert: Callable[[Any], nn.Module] = _unchanged
    """From the network, in evaluation mode and the callee's own, to a module of this variant."""
    applies: Callable[[Any], bool] = _always
    """Whether networks of a configuration have this variant."""
    is_for_export: bool = False
    """Whether it makes a better graph than the network itself, or the only one."""
    spells_out_pooling: bool = False
    """Whether it only avoids a kind of pooling, which some programs for export lack."""
    is_of_one_size: bool = False
    """Whether its graph is for images of one size, since a number of its parts follows from it."""
    has_own_peak: bool = False
    """Whether it takes more memory than the network's peak paths say."""


PLAIN = Variant("plain")


@dataclass(frozen=True)
class FamilyVariants:
    """The variants of the networks of one family."""

    name: str
    """Of the family."""
    variants: tuple[Variant, ...]
    """The first is the network itself."""
