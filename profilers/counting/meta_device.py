"""Building and running networks on the meta device, where tensors have shapes but no values.

PyTorch itself takes 0.1 to 5 ms for many operators and draws every initial weight for nothing. A
search asks for the cost of each proposal, so both are avoided here.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from torch import nn
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode

NetworkT = TypeVar("NetworkT", bound=nn.Module)
Operator = OpOverload[..., Any]

# A view of a copy, as in `reshape`: the schema does not say so.
_UNDECLARED_VIEWS = frozenset({torch.ops.aten._unsafe_view.default})


def build_on_meta(build: Callable[[], NetworkT]) -> NetworkT:
    """Return `build()` with every parameter and buffer on the meta device, uninitialised."""
    with torch.device("meta"), _WithoutInitialisation():
        return build()


class _WithoutInitialisation(TorchFunctionMode):
    """Skips `torch.nn.init`: on the meta device there is nothing to fill."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        keywords = kwargs or {}
        if getattr(func, "__module__", None) == nn.init.__name__:
            return args[0] if args else keywords["tensor"]
        result: object = func(*args, **keywords)
        return result


class _Layout(NamedTuple):
    """Everything that defines a meta tensor."""

    shape: torch.Size
    stride: tuple[int, ...]
    dtype: torch.dtype

    def tensor(self) -> torch.Tensor:
        return torch.empty_strided(self.shape, self.stride, dtype=self.dtype, device="meta")


class _Constant(NamedTuple):
    """An operand that is no tensor. 1, 1.0 and True are equal but promote tensors differently."""

    kind: type
    value: object


def call_operator(func: Operator, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
    """Return `func(*args, **kwargs)`, from a cache for repeated calls on meta tensors.

    Without values, the shapes, strides and types of the results follow from the operands'.
    Operators that return or write an existing tensor, or run elsewhere, are simply called.
    """
    operands = list(tensors_in((args, tuple(kwargs.values()))))
    is_meta = bool(operands) and all(operand.is_meta for operand in operands)
    if not is_meta or not _makes_new_tensors(func):
        return func(*args, **kwargs)
    layouts = _result_layouts(func, _description(args), _description(tuple(kwargs.items())))
    if layouts is None:
        return func(*args, **kwargs)
    tensors = tuple(layout.tensor() for layout in layouts)
    return tensors if len(tensors) > 1 else tensors[0]


def tensors_in(value: object) -> Iterator[torch.Tensor]:
    """Yield the tensors of arguments or results, also inside lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from tensors_in(part)


@functools.cache
def _makes_new_tensors(func: Operator) -> bool:
    schema = func._schema
    returns_tensors = all(isinstance(part.type, torch.TensorType) for part in schema.returns)
    aliases = any(part.alias_info is not None for part in schema.returns)
    is_new = not aliases and not schema.is_mutable and func not in _UNDECLARED_VIEWS
    return bool(schema.returns) and returns_tensors and is_new


@functools.lru_cache(maxsize=4096)
def _result_layouts(
    func: Operator, args: tuple[object, ...], kwargs: tuple[object, ...]
) -> tuple[_Layout, ...] | None:
    """The layouts of what `func` returns; None if that is not on the meta device."""
    output = func(*map(_operand, args), **dict(map(_operand, kwargs)))
    results = output if isinstance(output, tuple) else (output,)
    if not all(isinstance(part, torch.Tensor) and part.is_meta for part in results):
        return None
    return tuple(_Layout(part.shape, part.stride(), part.dtype) for part in results)


def _description(value: object) -> Any:
    """A hashable stand-in that is equal for operands that lead to the same result."""
    if isinstance(value, torch.Tensor):
        return _Layout(value.shape, value.stride(), value.dtype)
    if isinstance(value, (list, tuple)):
        return tuple(_description(part) for part in value)
    return _Constant(type(value), value)


def _operand(description: Any) -> Any:
    """The operand that a description stands for."""
    if isinstance(description, _Layout):
        return description.tensor()
    if isinstance(description, _Constant):
        return description.value
    return [_operand(part) for part in description]
