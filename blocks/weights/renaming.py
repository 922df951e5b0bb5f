"""Renaming the authors' tensors to ours: by the whole of a name, and strictly."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import torch
from torch import Tensor

from blocks.config import NetworkConfigBase
from blocks.networks.registry import build_network

_FROM_1 = "_from_1"
_LISTED = 8


class TensorMismatchError(ValueError):
    """Tensors are not those of a network."""

    def __init__(self, message: str, matched: int) -> None:
        super().__init__(message)
        self.matched = matched
        """How many of the network's tensors had their name."""


@dataclass(frozen=True)
class Rename:
    """A pattern of the whole name of a layer or of a tensor, and what it becomes.

    Of a group named `place_from_1` the template gets `{place}`, which counts from 0.
    """

    pattern: str
    template: str

    def apply(self, name: str) -> str | None:
        match = re.fullmatch(self.pattern, name)
        if match is None:
            return None
        groups = match.groupdict()
        for group in list(groups):
            if group.endswith(_FROM_1):
                groups[group.removesuffix(_FROM_1)] = str(int(groups[group]) - 1)
        return self.template.format(**groups)


@dataclass(frozen=True)
class Layout:
    """The names of the layers of one network, and of tensors that hold nothing of their own."""

    renames: tuple[Rename, ...]
    ignored: str = ""

    def within(self, theirs: str, ours: str) -> Self:
        """The layout of a part called `theirs` in the file and `ours` in the network."""
        prefix = re.escape(f"{theirs}.")
        renames = (
            Rename(f"{prefix}(?:{rename.pattern})", f"{ours}.{rename.template}")
            for rename in self.renames
        )
        return replace(
            self,
            renames=tuple(renames),
            ignored=f"{prefix}(?:{self.ignored})" if self.ignored else "",
        )


@dataclass(frozen=True)
class Importer:
    """How the checkpoints of one family's authors are read."""

    name: str
    """Of the family."""
    convert: Callable[[Mapping[str, Tensor], Any], dict[str, Tensor]]
    """From tensors by the authors' names and a configuration to the state of its network.

    Raises ValueError where the tensors are not those of the network.
    """

    @classmethod
    def by_layout(cls, name: str, layout_of: Callable[[Any], Layout]) -> Self:
        """One that only gives the tensors other names: those of each configuration's layout."""

        def convert(tensors: Mapping[str, Tensor], config: NetworkConfigBase) -> dict[str, Tensor]:
            return renamed(tensors, config, layout_of(config))

        return cls(name, convert)


def renamed(
    tensors: Mapping[str, Tensor], config: NetworkConfigBase, layout: Layout
) -> dict[str, Tensor]:
    """The state of the network of `config`, in float32, from tensors in the names of `layout`.

    Raises:
        TensorMismatchError: a tensor is missing, foreign or of another shape; lists those it
            concerns.
    """
    whose = f"{config.family} x{config.scale} with {_hyperparameters(config)}"
    return renamed_to(tensors, _shapes(config), layout, whose)


def renamed_to(
    tensors: Mapping[str, Tensor],
    shapes: Mapping[str, tuple[int, ...]],
    layout: Layout,
    whose: str,
) -> dict[str, Tensor]:
    """Like `renamed`, for tensors of these names and shapes; `whose` says of what they are.

    Raises:
        TensorMismatchError: a tensor is missing, foreign or of another shape; lists those it
            concerns.
    """
    state: dict[str, Tensor] = {}
    unexpected = []
    for name, tensor in tensors.items():
        if re.fullmatch(layout.ignored, name):
            continue
        full = _our_name(name, layout.renames)
        if full not in shapes or full in state:
            unexpected.append(f"{name} {tuple(tensor.shape)}")
        elif shapes[full] != tuple(tensor.shape):
            unexpected.append(f"{name} {tuple(tensor.shape)}, which should be {shapes[full]}")
            state[full] = tensor
        else:
            state[full] = tensor.float()
    missing = [f"{name} {shape}" for name, shape in shapes.items() if name not in state]
    if unexpected or missing:
        raise TensorMismatchError(
            f"the tensors must be those of {whose}; unexpected: {_some(unexpected)}; missing, in"
            f" our names: {_some(missing)}",
            matched=len(state),
        )
    return state


@lru_cache(maxsize=4)
def _shapes(config: NetworkConfigBase) -> Mapping[str, tuple[int, ...]]:
    """The shape of each of our tensors; a file may hold many sets to compare with them."""
    with torch.device("meta"):
        network = build_network(config)
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _our_name(name: str, renames: Iterable[Rename]) -> str:
    """That of the tensor itself, or else that of its layer; empty if there is neither."""
    layer, _, leaf = name.rpartition(".")
    for rename in renames:
        if (ours := rename.apply(name)) is not None:
            return ours
        if (ours := rename.apply(layer)) is not None:
            return f"{ours}.{leaf}"
    return ""


def _hyperparameters(config: NetworkConfigBase) -> str:
    fields = {name: value for name, value in config if name not in ("family", "scale")}
    return ", ".join(
        f"{name} {_shown(value)}" for name, value in fields.items() if value is not None
    )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, NetworkConfigBase):
        return f"{value.family} ({_hyperparameters(value)})"
    return str(value)


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    others = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + others
