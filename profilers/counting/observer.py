"""Observing the operators that a call runs, where PyTorch dispatches them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from threading import local
from typing import Any, Literal, NamedTuple

import torch
from torch._ops import HigherOrderOperator, OpOverload
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

from profilers.counting.composites import COMPOSITES, PartHandlers, part_handlers
from profilers.counting.meta_device import Operator, OperatorMode, call_operator, tensors_in
from profilers.counting.operands import has_components, shapes_by_component
from profilers.counting.operators import MACS, NESTED, MacHandler, is_free, operator_name
from profilers.counting.threads import followed_into_threads

State = Literal["counted", "free", "uncounted"]


class Call(NamedTuple):
    """One call of an operator.

    A part of a function that is counted in parts has the function's name.
    """

    operator: Operator | HigherOrderOperator
    name: str
    args: Sequence[Any]
    tensors: Sequence[torch.Tensor]
    """Operands and results."""
    state: State
    macs: int


_NOTHING = nullcontext()

Observe = Callable[[Call], None]
"""Called for each operator, in the thread that called it."""


class ObservedOperators:
    """A context in which `observe` is called for every operator, on real and on meta tensors.

    Composite operators are seen as their parts, unless they multiply and are known as a whole;
    tensor subclasses of other libraries are seen as the plain tensors they are made of. Threads
    started inside the context are followed, and so is work given to thread pools; any other
    thread must enter `here()` itself.
    """

    def __init__(self, observe: Observe) -> None:
        self._operators = _Operators(observe)
        self._stack = ExitStack()

    def __enter__(self) -> None:
        self._stack.enter_context(self.here())
        self._stack.callback(self._operators.close)
        self._stack.enter_context(followed_into_threads(self._entering))
        self._stack.enter_context(_fast_paths_as_ever())

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def here(self) -> AbstractContextManager[object]:
        """Return a context that observes this thread; an empty one if it is observed already."""
        return _NOTHING if self._is_here() else self._entered()

    @contextmanager
    def _entered(self) -> Iterator[None]:
        with self._operators, _Functions(self._operators):
            yield

    def _is_here(self) -> bool:
        return any(mode is self._operators for mode in _get_current_dispatch_mode_stack())

    def _entering(self) -> AbstractContextManager[object] | None:
        return self._entered() if self._is_here() else None


class _Operators(OperatorMode):
    """Sees operators below the functions that call them."""

    supports_higher_order_operators = True

    def __init__(self, observe: Observe) -> None:
        super().__init__()
        self._observe: Observe | None = observe
        self._within = local()

    def close(self) -> None:
        """Stop observing: a thread that was started under observation may still run."""
        self._observe = None

    def within(
        self, function: str, operands: Iterable[torch.Tensor]
    ) -> AbstractContextManager[None]:
        """Return a context for a call of `function`, whose parts then cost what they stand for."""
        handlers = part_handlers(function, operands)
        return nullcontext() if handlers is None else self._counting(function, handlers)

    @contextmanager
    def _counting(self, function: str, handlers: PartHandlers) -> Iterator[None]:
        outer = self._function_in_parts()
        self._within.function = function, handlers
        try:
            yield
        finally:
            self._within.function = outer

    def __torch_dispatch__(
        self,
        func: Operator | HigherOrderOperator,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        name, keywords = operator_name(func), kwargs or {}
        if types and any(hasattr(kind, "__tensor_flatten__") for kind in types):
            return NotImplemented  # what its own code calls is seen
        operands = tensors_in((args, tuple(keywords.values())))
        if isinstance(func, HigherOrderOperator):
            if name == "cond":
                predicate, if_true, if_false, chosen_operands = args
                with self:
                    return (if_true if predicate else if_false)(*chosen_operands)
            output: object = func(*args, **keywords)
        else:
            if name not in MACS and not has_components(operands):
                # Under inference_mode composite operators arrive whole; we know their parts.
                with self, self.within(name.removeprefix("aten."), operands):
                    decomposed: object = func.decompose(*args, **keywords)
                if decomposed is not NotImplemented:
                    return decomposed
            output = call_operator(func, args, keywords)
        if self._observe is not None:
            by_name = [value for key, value in keywords.items() if key != "out"]
            self._observe(self._call(func, name, (*args, *by_name), output))
        return output

    def _call(
        self,
        func: Operator | HigherOrderOperator,
        name: str,
        args: Sequence[Any],
        output: object,
    ) -> Call:
        tensors = tensors_in((args, output))
        name, handler = self._handler_of(name, tensors)
        if handler is None:
            return Call(func, name, args, tensors, "free" if is_free(func) else "uncounted", 0)
        macs = sum(handler(*shapes) for shapes in shapes_by_component(args, output, tensors))
        return Call(func, name, args, tensors, "counted", macs)

    def _handler_of(
        self, name: str, tensors: Sequence[torch.Tensor]
    ) -> tuple[str, MacHandler | None]:
        """What an operator costs, and the name under which it does."""
        if (within := self._function_in_parts()) is not None and name in within[1]:
            return f"aten.{within[0]}", within[1][name]
        handler = MACS.get(name)
        if handler is None and has_components(tensors):
            handler = NESTED.get(name)
        return name, handler

    def _function_in_parts(self) -> tuple[str, PartHandlers] | None:
        function: tuple[str, PartHandlers] | None = getattr(self._within, "function", None)
        return function


@contextmanager
def _fast_paths_as_ever() -> Iterator[None]:
    """Hide function modes from modules that leave their fast path under one.

    Multi-head attention and the encoders do. They still see which of their tensors are subclasses.
    """
    has_torch_function = torch.overrides.has_torch_function

    def has_torch_function_of_its_own(args: Iterable[Any]) -> bool:
        plain = (torch.Tensor.__torch_function__, torch._C._disabled_torch_function_impl)
        return any(
            getattr(type(operand), "__torch_function__", plain[0]) not in plain for operand in args
        )

    torch.overrides.has_torch_function = has_torch_function_of_its_own
    try:
        yield
    finally:
        torch.overrides.has_torch_function = has_torch_function


class _Functions(TorchFunctionMode):
    """Sees which function is called, before it is split into operators."""

    def __init__(self, operators: _Operators) -> None:
        super().__init__()
        self._operators = operators

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        keywords = kwargs or {}
        name = getattr(func, "__name__", "").partition(".")[0]  # an overload has its own behind
        if name not in COMPOSITES:
            return func(*args, **keywords)
        with self._operators.within(name, tensors_in((args, tuple(keywords.values())))):
            return func(*args, **keywords)


def is_view(operator: Operator | HigherOrderOperator) -> bool:
    """Whether the result of an operator is its operand's memory."""
    return isinstance(operator, OpOverload) and operator.is_view
