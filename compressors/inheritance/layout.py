"""What a network's tensors are made of: which channel stands where along each of their axes.

A channel is an index in a named space. Whatever may be dropped or kept by itself has a space of
its own, and what must be kept together shares one: the residual stream, say, which many layers
write and read. The names of tensors, spaces and places begin with that of the unit (block, group,
expert) to which they belong, so that they can be followed from one network into another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from blocks.config import Scale
from blocks.features import upsampling_factors
from blocks.layers import SQUEEZE_REDUCTION

IMAGE = "image"
"""The space of colours, which stay as they are."""


class Slot(NamedTuple):
    """One position on an axis: a channel of a space, and which of its values there.

    Attributes:
        place: where the same channel comes several times: the unit that wrote it, the subpixel, or
            the group of a grouped convolution; a dotted path.
    """

    space: str
    channel: int
    place: str = ""


Slots = tuple[Slot, ...]
Axis = Slots | None
"""What stands at each position of an axis; None for an axis of a kernel, or of no channels."""

Fill = Literal["fresh", "identity", "double", "one"]


@dataclass(frozen=True)
class TensorLayout:
    """The axes of one tensor.

    Attributes:
        axes: one for each dimension, that of a grouped convolution's inputs written out in full.
        reads: which of the axes holds what the layer reads; None if it reads channel by channel.
        groups: of the convolution.
        merged: the first and the last of dimensions that make up one axis.
        fill: what a tensor is that has no parent: as drawn, the identity, twice that, or 1.
    """

    axes: tuple[Axis, ...]
    reads: int | None = None
    groups: int = 1
    merged: tuple[int, int] | None = None
    fill: Fill = "fresh"


@dataclass(frozen=True)
class Unit:
    """A part of a network that can be left out or added.

    Attributes:
        prefix: what the names of all that belongs to it begin with.
        kind: only units of one kind inherit from each other.
        stacks: the units inside it.
        beside: further prefixes of what goes with it.
    """

    prefix: str
    kind: str = ""
    stacks: tuple["Stack", ...] = ()
    beside: tuple[str, ...] = ()


Stack = tuple[Unit, ...]
"""Units that follow one another."""


@dataclass(frozen=True)
class Layout:
    """The layout of a network: all of its tensors by name, and its stacks of units."""

    tensors: Mapping[str, TensorLayout] = field(default_factory=dict)
    stacks: tuple[Stack, ...] = ()

    def __or__(self, other: "Layout") -> "Layout":
        return Layout({**self.tensors, **other.tensors}, (*self.stacks, *other.stacks))

    def with_stacks(self, *stacks: Stack) -> "Layout":
        """The same tensors with these stacks."""
        return replace(self, stacks=stacks)


def channels(space: str, number: int) -> Slots:
    """All channels of a space, in order."""
    return tuple(Slot(space, channel) for channel in range(number))


def placed(slots: Iterable[Slot], place: str) -> Slots:
    """The same channels at another place."""
    return tuple(slot._replace(place=place) for slot in slots)


def subpixels(slots: Iterable[Slot], factor: int) -> Slots:
    """What a convolution writes for a pixel shuffle: the subpixels of a channel side by side."""
    return tuple(
        slot._replace(place=f"{slot.place}.{number}")
        for slot in slots
        for number in range(factor**2)
    )


def in_groups(slots: Sequence[Slot], groups: int) -> Slots:
    """The same channels, placed in the groups of a convolution."""
    size = len(slots) // groups
    return tuple(
        slot._replace(place=f"{slot.place}.group{number // size}")
        for number, slot in enumerate(slots)
    )


def units(prefix: str, number: int) -> Stack:
    """Units of one kind, called PREFIX.0, PREFIX.1 and so on."""
    return tuple(Unit(f"{prefix}.{place}") for place in range(number))


def layer(
    name: str,
    reads: Slots,
    writes: Slots,
    *,
    bias: bool = True,
    groups: int = 1,
    transposed: bool = False,
    kernel_axes: int = 2,
    fill: Fill = "fresh",
) -> Layout:
    """The tensors of a convolution, or of a linear layer if there are no axes of a kernel."""
    if groups > 1:
        reads, writes = in_groups(reads, groups), in_groups(writes, groups)
    kernel: tuple[Axis, ...] = (None,) * kernel_axes
    pair: tuple[Axis, ...] = (reads, writes) if transposed else (writes, reads)
    weight = TensorLayout((*pair, *kernel), 0 if transposed else 1, groups, fill=fill)
    tensors = {f"{name}.weight": weight}
    if bias:
        tensors[f"{name}.bias"] = TensorLayout((writes,), fill=fill)
    return Layout(tensors)


def depthwise(name: str, slots: Slots, *, bias: bool = True) -> Layout:
    """The tensors of a convolution that works channel by channel."""
    tensors = {f"{name}.weight": TensorLayout((slots, None, None, None))}
    if bias:
        tensors[f"{name}.bias"] = TensorLayout((slots,))
    return Layout(tensors)


def per_channel(name: str, slots: Slots, *tensors: str, fill: Fill = "fresh") -> Layout:
    """Tensors with one number for each channel, such as those of a normalisation."""
    return Layout({f"{name}.{tensor}": TensorLayout((slots,), fill=fill) for tensor in tensors})


def attention(name: str, slots: Slots) -> Layout:
    """The tensors of squeeze and excitation, or of its relatives."""
    hidden = channels(f"{name}.hidden", max(1, len(slots) // SQUEEZE_REDUCTION))
    return layer(f"{name}.squeeze", slots, hidden) | layer(f"{name}.excite", hidden, slots)


def residual_block(name: str, stream: Slots) -> Layout:
    """The tensors of a `ResidualBlock` without attention."""
    hidden = channels(f"{name}.hidden", len(stream))
    first = layer(f"{name}.convolution_1", stream, hidden)
    return first | layer(f"{name}.convolution_2", hidden, stream)


def upsampling_chain(
    features: Slots, scale: Scale, layers_per_step: int = 2
) -> tuple[Layout, Slots]:
    """The tensors of an upsampling chain called `upsampler`, and what it puts out.

    `layers_per_step` counts the convolution, the shuffle and, if there is one, the activation.
    """
    chain = Layout()
    for step, factor in enumerate(upsampling_factors(scale)):
        enlarged = channels(f"enlarged {step}", len(features))
        name = f"upsampler.{step * layers_per_step}"
        chain |= layer(name, features, subpixels(enlarged, factor))
        features = enlarged
    return chain, features


def joined(layouts: Iterable[Layout]) -> Layout:
    """All of the tensors and stacks."""
    whole = Layout()
    for part in layouts:
        whole |= part
    return whole
