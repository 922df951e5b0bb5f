"""Tensors with one axis for each of their layout: groups and merged dimensions written out."""

import torch
from torch import Tensor

from compressors.inheritance.layout import TensorLayout


def dense(tensor: Tensor, layout: TensorLayout) -> Tensor:
    """The tensor with zeros between its groups, (O, I / groups, ...) -> (O, I, ...), or merged."""
    if layout.merged is not None:
        return tensor.flatten(*layout.merged)
    if layout.groups == 1:
        return tensor
    outputs, inputs = tensor.shape[0], tensor.shape[1] * layout.groups
    whole = tensor.new_zeros(outputs, inputs, *tensor.shape[2:])
    for rows, columns in _blocks(outputs, inputs, layout.groups):
        whole[rows, columns] = tensor[rows]
    return whole


def from_dense(whole: Tensor, layout: TensorLayout, like: Tensor) -> Tensor:
    """The inverse of `dense`, in the shape of `like`; what stands between the groups is lost."""
    if layout.groups == 1:
        return whole.reshape(like.shape)
    parts = [
        whole[rows, columns]
        for rows, columns in _blocks(whole.shape[0], whole.shape[1], layout.groups)
    ]
    return torch.cat(parts)


def _blocks(outputs: int, inputs: int, groups: int) -> list[tuple[slice, slice]]:
    of_outputs, of_inputs = outputs // groups, inputs // groups
    return [
        (
            slice(group * of_outputs, (group + 1) * of_outputs),
            slice(group * of_inputs, (group + 1) * of_inputs),
        )
        for group in range(groups)
    ]
