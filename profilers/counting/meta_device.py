"""Building and running networks on the meta device, where tensors have shapes but no values.

PyTorch itself takes 0.1 to 5 ms for many operators and draws every initial weight for nothing. A
search asks for the cost of each proposal, so both are avoided here.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from torch import nn
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

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


_PLAIN = frozenset({int, float, bool, str, type(None)})
"""The types of most operands that are no tensors."""


class OperatorMode(TorchDispatchMode):
    """Sees operators where PyTorch dispatches them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()  # type: ignore[no-untyped-call]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # The default passes every operator through Dynamo, which doubles the time of counting.
        return False


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
    if _makes_new_tensors(func):
        operands: list[torch.Tensor] = []
        by_place = _description(args, operands)
        by_name = tuple((name, _description(it, operands)) for name, it in kwargs.items())
        if operands and all(operand.is_meta for operand in operands):
            layouts = _result_layouts(func, by_place, by_name)
            if layouts is not None:
                tensors = tuple(layout.tensor() for layout in layouts)
                return tensors if len(tensors) > 1 else tensors[0]
    return func(*args, **kwargs)


def tensors_in(value: object) -> list[torch.Tensor]:
    """The tensors of arguments or results, also inside lists and tuples."""
    if isinstance(value, torch.Tensor):
        return [value]
    found: list[torch.Tensor] = []
    if isinstance(value, (list, tuple)):
        for part in value:
            if type(part) not in _PLAIN:  # most are, and each call takes time
                found += tensors_in(part)
    return found


@functools.cache
def _makes_new_tensors(func: Operator) -> bool:
    schema = func._schema
    returns_tensors = all(isinstance(part.type, torch.TensorType) for part in schema.returns)
    aliases = any(part.alias_info is not None for part in schema.returns)
    is_new = not aliases and not schema.is_mutable and func not in _UNDECLARED_VIEWS
    return bool(schema.returns) and returns_tensors and is_new


@functools.lru_cache(maxsize=16384)
def _result_layouts(
    func: Operator, args: tuple[object, ...], kwargs: tuple[tuple[str, object], ...]
) -> tuple[_Layout, ...] | None:
    """The layouts of what `func` returns; None if that is not on the meta device."""
    output = func(*map(_operand, args), **{name: _operand(it) for name, it in kwargs})
    results = output if isinstance(output, tuple) else (output,)
    if not all(isinstance(part, torch.Tensor) and part.is_meta for part in results):
        return None
    return tuple(_Layout(part.shape, part.stride(), part.dtype) for part in results)


def _description(value: object, operands: list[torch.Tensor]) -> Any:
    """A hashable stand-in that is equal for operands that lead to the same result.

    The tensors that it stands for join `operands`.
    """
    if (kind := type(value)) in _PLAIN:
        return _Constant(kind, value)
    if isinstance(value, torch.Tensor):
        operands.append(value)
        if not value.is_meta:  # nothing is remembered then, and not all of them have strides
            return None
        return _Layout(value.shape, value.stride(), value.dtype)
    if isinstance(value, (list, tuple)):
        return tuple([_description(part, operands) for part in value])
    return _Constant(type(value), value)


def _operand(description: Any) -> Any:
    """The operand that a description stands for."""
    if isinstance(description, _Layout):
        return description.tensor()
    if isinstance(description, _Constant):
        return description.value
    return [_operand(part) for part in description]
