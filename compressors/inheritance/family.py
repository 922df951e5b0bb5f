"""What the inheritance of one family of networks needs to know."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from blocks.config import NetworkConfigBase
from compressors.inheritance.designs import Series
from compressors.inheritance.layout import Layout


def _no_parts(config: Any) -> Mapping[str, NetworkConfigBase]:
    return {}


def _unchanged(config: Any, parts: Mapping[str, NetworkConfigBase]) -> NetworkConfigBase:
    whole: NetworkConfigBase = config
    return whole


@dataclass(frozen=True)
class InheritedFamily:
    """One family.

    Attributes:
        name: of the family.
        layout: of the network of a configuration, but for its parts.
        sizes: the fields that count channels, blocks and the like.
        fixed: the fields in which a child must equal its parent, beside the scale.
        designs: series of smaller designs of a configuration, each from the largest to the
            smallest; the first that comes near to the wanted size is used.
        parts: the networks of which a network is made, by the prefix of their tensors; each
            inherits by itself.
        with_parts: the configuration with others in their places.
    """

    name: str
    layout: Callable[[Any], Layout]
    designs: Callable[[Any], Iterable[Series]]
    sizes: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    parts: Callable[[Any], Mapping[str, NetworkConfigBase]] = _no_parts
    with_parts: Callable[[Any, Mapping[str, NetworkConfigBase]], NetworkConfigBase] = _unchanged
