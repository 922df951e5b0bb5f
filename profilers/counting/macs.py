# Not torch's ModuleTracker: it has no innermost module, loses re-entered ones, keeps failed ones.
"""The MAC ledger: which operators a module runs, and how many multiply-adds they cost.

Convention: one multiply-add is 1 MAC. Convolutions, linear layers and matrix products count,
without their bias; an attention counts its two products in full, masked or not. Everything
declared free (normalisation, softmax, activation, pooling, interpolation, shuffles, copies)
costs 0 MACs but moves bytes. An operator that is neither is reported as uncounted.

Operators are observed where PyTorch dispatches them, so functional calls, parametrisations and
subclasses are seen, on real tensors and on the meta device alike.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch._ops import HigherOrderOperator

from profilers.counting.meta import Operator, tensors_in
from profilers.counting.module_state import left_unchanged
from profilers.counting.observer import ObservedOperators, is_view
from profilers.counting.operators import MACS, MacHandler, is_free, shapes_of
from profilers.counting.torchscript import hidden_operators

State = Literal["counted", "free", "uncounted"]

CONVENTION = "1 MAC = one multiply-add of a convolution, linear layer or matrix product; bias 0"


@dataclass(frozen=True)
class OperatorRow:
    """All calls of one operator; bytes_moved is the size of its operands and results."""

    operator: str
    state: State
    calls: int
    macs: int
    bytes_moved: int


@dataclass(frozen=True)
class ModuleRow:
    """One submodule: `macs` includes what its own submodules spend. The root's path is ''.

    Attributes:
        own_macs: MACs of operators that the module itself called.
    """

    path: str
    module_type: str
    calls: int
    macs: int
    own_macs: int


@dataclass(frozen=True)
class MacsReport:
    """What one forward pass costs.

    Attributes:
        total: multiply-adds.
        parameters: numbers in the module's parameters, its own and its submodules', shared
            ones once. A parametrised weight counts as what it is made of; an int8 weight is no
            parameter.
        by_operator: the operators that were called, the most expensive first.
        by_module: the submodules that were called, in their order in the module.
        uncounted: operators whose cost nobody knows, with their calls.
        notes: the convention, and what is not counted.
    """

    total: int
    parameters: int
    by_operator: tuple[OperatorRow, ...]
    by_module: tuple[ModuleRow, ...]
    uncounted: Mapping[str, int]
    notes: tuple[str, ...]


def count_macs(module: nn.Module, *inputs: object) -> MacsReport:
    """Return the MACs of `module(*inputs)` in evaluation mode.

    Inputs and module live on one device; on "meta" nothing is computed or allocated. The
    module is left as it was: state, hooks, training flags and random state are restored.
    """
    return count_call(module, module, *inputs)


def count_call(module: nn.Module, call: Callable[..., object], *inputs: object) -> MacsReport:
    """Return the MACs of `call(*inputs)`, which runs `module` or parts of it."""
    ledger = _Ledger()
    with left_unchanged(module), _observed_calls(module, ledger), ObservedOperators(ledger.book):
        call(*inputs)
    ledger.book_hidden(module)
    return ledger.report(module)


@dataclass
class _OperatorTally:
    state: State
    handler: MacHandler | None
    is_view: bool
    calls: int = 0
    macs: int = 0
    bytes_moved: int = 0


@dataclass
class _ModuleTally:
    calls: int = 0
    macs: int = 0
    own_macs: int = 0


class _Ledger:
    """Books every dispatched operator under its name and under the modules being called."""

    def __init__(self) -> None:
        self.operators: dict[str, _OperatorTally] = {}
        self.modules: dict[str, _ModuleTally] = {}
        self.running: list[str] = []

    def book(
        self,
        operator: Operator | HigherOrderOperator,
        name: str,
        args: Sequence[object],
        output: object,
    ) -> None:
        tally = self.operators.get(name)
        if tally is None:
            tally = self.operators[name] = _new_tally(operator, name)
        tally.calls += 1
        if not tally.is_view:
            moved = tensors_in((args, output))
            tally.bytes_moved += sum(part.numel() * part.element_size() for part in moved)
        if tally.handler is not None:
            macs = tally.handler(shapes_of(args), shapes_of(output))
            tally.macs += macs
            for path in dict.fromkeys(self.running):
                self.modules[path].macs += macs
            if self.running:
                self.modules[self.running[-1]].own_macs += macs

    def book_hidden(self, module: nn.Module) -> None:
        """Name what scripted parts run without dispatching it."""
        for name in hidden_operators(module):
            tally = self.operators.setdefault(name, _OperatorTally("uncounted", None, False))
            tally.calls += 1

    def report(self, module: nn.Module) -> MacsReport:
        rows = [
            OperatorRow(name, tally.state, tally.calls, tally.macs, tally.bytes_moved)
            for name, tally in self.operators.items()
        ]
        rows.sort(key=lambda row: (-row.macs, -row.bytes_moved, row.operator))
        uncounted = {row.operator: row.calls for row in rows if row.state == "uncounted"}
        names = ", ".join(uncounted)
        return MacsReport(
            total=sum(row.macs for row in rows),
            parameters=sum(parameter.numel() for parameter in module.parameters()),
            by_operator=tuple(rows),
            by_module=tuple(
                ModuleRow(path, type(part).__name__, tally.calls, tally.macs, tally.own_macs)
                for path, part in module.named_modules()
                if (tally := self.modules.get(path)) is not None
            ),
            uncounted=uncounted,
            notes=(CONVENTION, *([f"not counted, their cost is unknown: {names}"] * bool(names))),
        )


def _new_tally(func: Operator | HigherOrderOperator, name: str) -> _OperatorTally:
    if name in MACS:
        return _OperatorTally("counted", MACS[name], is_view(func))
    return _OperatorTally("free" if is_free(func) else "uncounted", None, is_view(func))


@contextmanager
def _observed_calls(module: nn.Module, ledger: _Ledger) -> Iterator[None]:
    """Keep `ledger.running` at the paths of the submodules whose forward is executing.

    Scripted modules take no hooks; what they spend is booked under those that call them.
    """

    def entering(path: str) -> Callable[[nn.Module, object], None]:
        def hook(_module: nn.Module, _inputs: object) -> None:
            ledger.modules.setdefault(path, _ModuleTally()).calls += 1
            ledger.running.append(path)

        return hook

    def leaving(_module: nn.Module, _inputs: object, _output: object) -> None:
        ledger.running.pop()

    with ExitStack() as stack:
        for path, part in module.named_modules():
            if isinstance(part, torch.jit.ScriptModule):
                continue
            stack.enter_context(part.register_forward_pre_hook(entering(path), prepend=True))
            stack.enter_context(part.register_forward_hook(leaving, always_call=True))
        yield
