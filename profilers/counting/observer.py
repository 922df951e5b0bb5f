"""Seeing the operators that a call runs, where PyTorch dispatches them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch._ops import HigherOrderOperator, OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

from profilers.counting.meta import Operator, call_operator
from profilers.counting.operators import MACS, operator_name


class Observe(Protocol):
    """Takes notice of one call: the operator, its name, its operands and its results."""

    def __call__(
        self,
        operator: Operator | HigherOrderOperator,
        name: str,
        args: Sequence[Any],
        output: object,
    ) -> None: ...


class ObservedOperators(TorchDispatchMode):
    """While it is entered, `observe` hears of every operator, on real and on meta tensors.

    Composite operators arrive as their parts, unless they multiply and are known as a whole.
    """

    supports_higher_order_operators = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # The default passes every operator through Dynamo, which doubles the time of counting.
        return False

    def __init__(self, observe: Observe) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._observe = observe

    def __torch_dispatch__(
        self,
        func: Operator | HigherOrderOperator,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        name, keywords = operator_name(func), kwargs or {}
        if isinstance(func, HigherOrderOperator):
            if name == "cond":
                predicate, if_true, if_false, operands = args
                with self:
                    return (if_true if predicate else if_false)(*operands)
            output: object = func(*args, **keywords)
        else:
            if name not in MACS:
                # Under inference_mode composite operators arrive whole; we know their parts.
                with self:
                    decomposed: object = func.decompose(*args, **keywords)
                if decomposed is not NotImplemented:
                    return decomposed
            output = call_operator(func, args, keywords)
        by_name = [value for key, value in keywords.items() if key != "out"]
        self._observe(func, name, (*args, *by_name), output)
        return output


def is_view(operator: Operator | HigherOrderOperator) -> bool:
    """Whether the result of an operator is its operand's memory."""
    return isinstance(operator, OpOverload) and operator.is_view
