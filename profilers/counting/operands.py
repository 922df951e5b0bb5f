"""What determines the cost of an operator: the shapes of its operands, and what these store."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

import torch

_COMPRESSED = frozenset({torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc})
_SPARSE = _COMPRESSED | {torch.sparse_coo}


class SparseShape(tuple[int, ...]):
    """The shape of a sparse operand, with how many numbers it stores, and where."""

    _tensor: torch.Tensor

    def __new__(cls, tensor: torch.Tensor) -> Self:
        shape = super().__new__(cls, tensor.shape)
        shape._tensor = tensor
        return shape

    @property
    def stored(self) -> int:
        """How many numbers are stored, whole blocks and duplicates included."""
        return _values_of(self._tensor).numel()

    def stored_along(self, dim: int) -> torch.Tensor:
        """How many numbers of a matrix are stored at each place along one side."""
        indices = self._tensor.to_sparse(layout=torch.sparse_coo)._indices()
        return torch.bincount(indices[dim], minlength=self[dim])


def is_sparse(tensor: torch.Tensor) -> bool:
    """Whether only some numbers are stored, each with its index."""
    return tensor.layout is not torch.strided and tensor.layout in _SPARSE


def has_components(tensors: Iterable[torch.Tensor]) -> bool:
    """Whether a nested tensor of PyTorch's own is among the tensors."""
    return any(tensor.is_nested for tensor in tensors)


def shapes_by_component(
    args: Any, output: Any, tensors: Iterable[torch.Tensor]
) -> Iterator[tuple[Any, Any]]:
    """Yield the shapes of operands and results, once for each component of nested `tensors`."""
    nested = next((tensor for tensor in tensors if tensor.is_nested), None)
    for component in range(1 if nested is None else nested.size(0)):
        yield shapes_of(args, component), shapes_of(output, component)


def shapes_of(value: object, component: int = 0) -> Any:
    """Return `value` with each tensor, also inside lists and tuples, replaced by its shape.

    A nested tensor has the shape of one component, as a batch of 1.
    """
    if isinstance(value, torch.Tensor):
        if value.is_nested:
            return torch.Size((1, *value._nested_tensor_size()[component].tolist()))
        return SparseShape(value) if is_sparse(value) else value.shape
    if isinstance(value, (list, tuple)):
        return [shapes_of(part, component) for part in value]
    return value


def moved_bytes(tensors: Iterable[torch.Tensor]) -> int:
    """Return the size of `tensors`; of sparse ones, that of their values and indices."""
    return sum(
        part.numel() * part.element_size()
        for tensor in tensors
        for part in (_parts_of(tensor) if is_sparse(tensor) else (tensor,))
    )


def _parts_of(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return _values_of(tensor), *_places_of(tensor)


def _values_of(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.values() if tensor.layout in _COMPRESSED else tensor._values()


def _places_of(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    if tensor.layout is torch.sparse_coo:
        return (tensor._indices(),)
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return tensor.crow_indices(), tensor.col_indices()
    return tensor.ccol_indices(), tensor.row_indices()
