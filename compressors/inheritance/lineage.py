"""Which unit and which channel of the parent each one of the child comes from."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from compressors.inheritance.layout import IMAGE, Layout, Slot, Slots, Stack
from compressors.inheritance.worth import Worth

Units = Mapping[str, str | None]
"""The prefix of each unit of the child, and of the unit of the parent it comes from, if any."""

# What is written decides only where a channel stands, and order only what is worth the same.
_WRITTEN_WEIGHT = 1e-3
_ORDER_WEIGHT = 1e-7


@dataclass(frozen=True)
class Lineage:
    """Where everything in the child comes from.

    Attributes:
        units: see `Units`.
        channels: for each space of the child the parent's channel of each, -1 where it is new.
    """

    units: Units
    channels: Mapping[str, NDArray[np.int64]]

    def name(self, name: str) -> str | None:
        """The name in the parent of what is called `name` in the child; None if it is new."""
        return renamed(name, self.units)

    def slot(self, slot: Slot) -> Slot | None:
        """What stands at the slot in the parent; None if it is new."""
        space, place = self.name(slot.space), self.name(slot.place)
        channel = self.channels[slot.space][slot.channel]
        if space is None or place is None or channel < 0:
            return None
        return Slot(space, int(channel), place)

    def is_new(self, slot: Slot) -> bool:
        """Whether the parent lacks the channel, wherever it stands."""
        return bool(self.channels[slot.space][slot.channel] < 0)

    def positions(self, child: Slots, parent: Slots) -> Tensor:
        """For each position on an axis of the child that on the parent's; -1 if there is none."""
        where: dict[Slot | None, int] = {slot: number for number, slot in enumerate(parent)}
        return torch.tensor([where.get(self.slot(slot), -1) for slot in child])


def renamed(name: str, units: Units) -> str | None:
    """The name with its longest prefix that is a unit exchanged for the parent's."""
    prefix = name
    while prefix:
        if prefix in units:
            origin = units[prefix]
            return None if origin is None else origin + name[len(prefix) :]
        prefix = prefix.rpartition(".")[0]
    return name


def trace(child: Layout, parent: Layout, worths: Mapping[str, Worth], units_of: Units) -> Lineage:
    """The lineage that keeps the most: of each space the channels that are worth the most.

    A channel's worth counts only for layers where the child has the channel at the same place, so
    that channels come to stand where the layers of the child look for them: the parts of split
    channels, the groups of convolutions, and SplitSR's rotated chunks. What must be solved is an
    assignment.
    """
    parent_sizes = _sizes(parent)
    spaces: dict[str, _Space] = {}
    for space, size in _sizes(child).items():
        origin = renamed(space, units_of)
        parent_size = 0 if origin is None else parent_sizes.get(origin, 0)
        spaces[space] = _Space(origin, np.zeros((size, parent_size)))
    for name, layout in child.tensors.items():
        tensor = renamed(name, units_of)
        if tensor is None or tensor not in worths or layout.reads is None:
            continue
        worth, parent_axes = worths[tensor], parent.tensors[tensor].axes
        for dim, shares in (
            (layout.reads, worth.read),
            (1 - layout.reads, _WRITTEN_WEIGHT * worth.written),
        ):
            axis, parent_axis = layout.axes[dim], parent_axes[dim]
            assert axis is not None and parent_axis is not None  # layers read and write channels
            _add_scores(spaces, axis, parent_axis, shares, units_of)
    return Lineage(units_of, {name: _assigned(name, space) for name, space in spaces.items()})


class _Space(NamedTuple):
    """A space of the child: that of the parent it comes from, and what each pair is worth.

    Shape of `scores`: (channels of the child, channels of the parent).
    """

    origin: str | None
    scores: NDArray[np.float64]


def _add_scores(
    spaces: Mapping[str, _Space],
    axis: Slots,
    parent_axis: Slots,
    worth: NDArray[np.float64],
    units_of: Units,
) -> None:
    """Add what each position on the parent's axis is worth where the child's could take it."""
    found = _by_place(parent_axis)
    for (name, place), (_, channels) in _by_place(axis).items():
        space = spaces[name]
        place_origin = renamed(place, units_of)
        if space.origin is None or place_origin is None:
            continue
        if (space.origin, place_origin) in found:
            positions, parent_channels = found[space.origin, place_origin]
            space.scores[np.ix_(channels, parent_channels)] += worth[positions]


def _sizes(layout: Layout) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    for tensor in layout.tensors.values():
        for axis in tensor.axes:
            for slot in axis or ():
                sizes[slot.space] = max(sizes[slot.space], slot.channel + 1)
    return sizes


def _by_place(axis: Slots) -> Mapping[tuple[str, str], tuple[list[int], list[int]]]:
    """For each space and place the positions, and the channels that stand there."""
    found: dict[tuple[str, str], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for position, slot in enumerate(axis):
        positions, of_place = found[slot.space, slot.place]
        positions.append(position)
        of_place.append(slot.channel)
    return found


def _assigned(name: str, space: _Space) -> NDArray[np.int64]:
    if name == IMAGE:
        return np.arange(len(space.scores))
    chosen = np.full(len(space.scores), -1, dtype=np.int64)
    # A slight preference for the order as it is: convex, so that what is kept stays in order.
    rows, columns = (np.arange(length) / max(1, length) for length in space.scores.shape)
    distance = (rows[:, None] - columns) ** 2
    most = space.scores.max(initial=1e-30)
    pairs = linear_sum_assignment(space.scores - _ORDER_WEIGHT * most * distance, maximize=True)
    chosen[pairs[0]] = pairs[1]
    return chosen


def correspondence(
    child: tuple[Stack, ...], parent: tuple[Stack, ...], choose: Callable[[str, int], int]
) -> dict[str, str | None]:
    """The unit of the parent that each of the child comes from.

    Order and kind are kept, and as many come from the parent as can. Where that leaves a choice,
    `choose` gets the name of the stack and the number of possibilities, and returns one of them.
    """
    units_of: dict[str, str | None] = {}
    for stack, parent_stack in zip(child, parent, strict=True):
        alignments = _Alignments([u.kind for u in stack], [u.kind for u in parent_stack])
        number = choose(stack[0].prefix, alignments.number)
        for unit, origin in zip(stack, alignments.one(number), strict=True):
            if origin is None:
                units_of |= dict.fromkeys((unit.prefix, *unit.beside))
                continue
            parent_unit = parent_stack[origin]
            units_of[unit.prefix] = parent_unit.prefix
            units_of |= zip(unit.beside, parent_unit.beside, strict=True)
            units_of |= correspondence(unit.stacks, parent_unit.stacks, choose)
    return units_of


class _Alignments:
    """All ways to align two sequences in order that pair the most of equal kind."""

    def __init__(self, child: list[str], parent: list[str]) -> None:
        self._child, self._parent = child, parent
        rows, columns = len(child) + 1, len(parent) + 1
        self._pairs = [[0] * columns for _ in range(rows)]
        self._numbers = [[1] * columns for _ in range(rows)]
        for i in reversed(range(len(child))):
            for j in reversed(range(columns)):
                steps = list(self._steps(i, j))
                most = max(paired + self._pairs[i + 1][then] for _, paired, then in steps)
                self._pairs[i][j] = most
                self._numbers[i][j] = sum(
                    self._numbers[i + 1][then] for _, _, then in self._best(i, j)
                )

    @property
    def number(self) -> int:
        return self._numbers[0][0]

    def one(self, number: int) -> list[int | None]:
        """The alignment of this number, as the position in the parent of each of the child."""
        found: list[int | None] = []
        j = 0
        for i in range(len(self._child)):
            for origin, _, then in self._best(i, j):
                if number < self._numbers[i + 1][then]:
                    found.append(origin)
                    j = then
                    break
                number -= self._numbers[i + 1][then]
        return found

    def _steps(self, i: int, j: int) -> Iterator[tuple[int | None, int, int]]:
        """The origins that a unit may have from `j` on, the pairs each makes, and what follows."""
        for origin in range(j, len(self._parent)):
            if self._parent[origin] == self._child[i]:
                yield origin, 1, origin + 1
        yield None, 0, j

    def _best(self, i: int, j: int) -> Iterator[tuple[int | None, int, int]]:
        for step in self._steps(i, j):
            _, paired, then = step
            if paired + self._pairs[i + 1][then] == self._pairs[i][j]:
                yield step
