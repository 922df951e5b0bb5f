"""The child's tensors, cut out of the parent's and filled up where it has more."""

from collections.abc import Mapping

import torch
from torch import Tensor

from compressors.inheritance.grouped import dense, from_dense
from compressors.inheritance.layout import Fill, Layout, Slots, TensorLayout
from compressors.inheritance.lineage import Lineage

_GAINS: Mapping[Fill, float] = {"identity": 1, "double": 2}


def cut(
    fresh: Mapping[str, Tensor],
    child: Layout,
    weights: Mapping[str, Tensor],
    parent: Layout,
    lineage: Lineage,
) -> dict[str, Tensor]:
    """The child's tensors: the parent's where it has them, otherwise such as change no image.

    New channels are written, as drawn in `fresh`, but no old one reads them. New units write
    nothing. So they can learn from the first step on, and until then count for nothing.
    """
    tensors: dict[str, Tensor] = {}
    for name, layout in child.tensors.items():
        origin = lineage.name(name)
        if origin is not None and origin in parent.tensors:
            tensors[name] = _inherited(
                fresh[name], layout, weights[origin], parent.tensors[origin], lineage
            )
        else:
            tensors[name] = _new(fresh[name], name, layout, lineage)
    return tensors


def _inherited(
    fresh: Tensor, layout: TensorLayout, tensor: Tensor, parent: TensorLayout, lineage: Lineage
) -> Tensor:
    value, source = dense(fresh, layout).clone(), dense(tensor, parent)
    for dim, (axis, parent_axis) in enumerate(zip(layout.axes, parent.axes, strict=True)):
        if axis is None or parent_axis is None:
            source = _centred(source, dim, value.shape[dim])
            continue
        positions = lineage.positions(axis, parent_axis)
        is_missing = _along(positions < 0, dim, value.ndim)
        source = source.index_select(dim, positions.clamp(min=0)).masked_fill(is_missing, 0)
    is_new = torch.zeros((), dtype=torch.bool)
    for dim, axis in enumerate(layout.axes):
        if axis is not None and dim != layout.reads:
            new = torch.tensor([lineage.is_new(slot) for slot in axis])
            is_new = is_new | _along(new, dim, value.ndim)
    value = torch.where(is_new, value, source.to(value.dtype))
    if layout.fill in _GAINS and layout.reads is not None:
        (_, writes), (_, parent_writes) = _axes(layout), _axes(parent)
        missing = lineage.positions(writes, parent_writes) < 0
        rows = [
            number
            for number, slot in enumerate(writes)
            if missing[number] and not lineage.is_new(slot)
        ]
        _make_identity(value, layout, rows)
    return from_dense(value, layout, fresh)


def _new(fresh: Tensor, name: str, layout: TensorLayout, lineage: Lineage) -> Tensor:
    if layout.fill == "one":
        return torch.ones_like(fresh)
    value = dense(fresh, layout).clone()
    writes_old = [
        torch.tensor([not lineage.is_new(slot) for slot in axis])
        if axis is not None and dim != layout.reads
        else None
        for dim, axis in enumerate(layout.axes)
    ]
    for dim, is_old in enumerate(writes_old):
        if is_old is not None:
            value = value.masked_fill(_along(is_old, dim, value.ndim), 0)
    if layout.fill in _GAINS and layout.reads is not None:
        _, writes = _axes(layout)
        _make_identity(value, layout, [n for n, s in enumerate(writes) if not lineage.is_new(s)])
    return from_dense(value, layout, fresh)


def _make_identity(value: Tensor, layout: TensorLayout, rows: list[int]) -> None:
    """Let the rows of a convolution pass on what they read of the channel that they write."""
    reads, writes = _axes(layout)
    middle = tuple(length // 2 for length in value.shape[2:])
    for row in rows:
        value.select(1 - (layout.reads or 0), row).zero_()
        for column, slot in enumerate(reads):
            if (slot.space, slot.channel) == (writes[row].space, writes[row].channel):
                index = (row, column) if layout.reads == 1 else (column, row)
                value[(*index, *middle)] = _GAINS[layout.fill]


def _axes(layout: TensorLayout) -> tuple[Slots, Slots]:
    """What a layer reads and what it writes."""
    assert layout.reads is not None
    reads, writes = layout.axes[layout.reads], layout.axes[1 - layout.reads]
    assert reads is not None and writes is not None
    return reads, writes


def _centred(tensor: Tensor, dim: int, length: int) -> Tensor:
    """The middle of the tensor, or the tensor in the middle of zeros, along one dimension."""
    surplus = tensor.shape[dim] - length
    if surplus >= 0:
        return tensor.narrow(dim, surplus // 2, length)
    shape = list(tensor.shape)
    shape[dim] = length
    padded = tensor.new_zeros(shape)
    padded.narrow(dim, -surplus // 2, tensor.shape[dim]).copy_(tensor)
    return padded


def _along(vector: Tensor, dim: int, dims: int) -> Tensor:
    return vector.view([-1 if number == dim else 1 for number in range(dims)])
