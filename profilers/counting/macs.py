# Not torch's ModuleTracker, which knows no innermost module and loses track on re-entry and errors.
"""The MAC ledger: which operators a module runs, and how many multiply-adds they cost.

Convention: one multiply-add is 1 MAC, of real numbers or of complex ones. Convolutions, linear
layers and products of matrices and vectors (outer ones too) count, without their bias; an
attention counts its two products in full, masked or not; a sparse operand counts with the
numbers that it stores. Everything declared free (normalisation, softmax, activation, pooling,
interpolation, shuffles, copies) costs 0 MACs but moves bytes. An operator that is neither is
reported as uncounted.

Operators are observed where PyTorch dispatches them, on real tensors and on the meta device. So
functional calls, parametrisations and subclasses are seen, also in threads that the module starts,
in thread pools, and wherever else a submodule is called. What NumPy, other libraries or other
processes compute is not seen, nor what a thread of the module's own does that waited for work.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock, local

import torch
from torch import nn

from blocks.module_state import left_unchanged
from profilers.counting.composites import hidden_operators
from profilers.counting.observer import Call, ObservedOperators, State, is_view
from profilers.counting.operands import moved_bytes

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
        uncounted: operators whose cost is unknown, with the number of their calls.
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
    observed = ObservedOperators(ledger.book)
    with left_unchanged(module), _observed_calls(module, ledger, observed), observed:
        call(*inputs)
    ledger.book_hidden(module)
    return ledger.report(module)


@dataclass
class _OperatorTally:
    calls: int = 0
    macs: int = 0
    bytes_moved: int = 0


@dataclass
class _ModuleTally:
    calls: int = 0
    macs: int = 0
    own_macs: int = 0


class _Ledger:
    """Records every dispatched operator under its name and under the modules being called."""

    def __init__(self) -> None:
        self.operators: dict[tuple[str, State], _OperatorTally] = {}
        self.modules: dict[str, _ModuleTally] = {}
        self._running = _Running()
        self._callers = self._running.paths
        self._lock = Lock()

    def book(self, call: Call) -> None:
        moved = 0 if is_view(call.operator) else moved_bytes(call.tensors)
        paths = self._paths()
        with self._lock:
            tally = self.operators.setdefault((call.name, call.state), _OperatorTally())
            tally.calls += 1
            tally.bytes_moved += moved
            tally.macs += call.macs
            if call.macs and paths:
                for path in dict.fromkeys(paths):
                    self.modules[path].macs += call.macs
                self.modules[paths[-1]].own_macs += call.macs

    def enter(self, path: str, observed: AbstractContextManager[object]) -> None:
        with self._lock:
            self.modules.setdefault(path, _ModuleTally()).calls += 1
        self._running.paths.append(path)
        self._running.observed.append(observed)

    def leave(self) -> AbstractContextManager[object]:
        self._running.paths.pop()
        return self._running.observed.pop()

    def _paths(self) -> list[str]:
        """The submodules that are executing, outermost first; the caller's before a thread's."""
        own = self._running.paths
        return own if own is self._callers else self._callers + own

    def book_hidden(self, module: nn.Module) -> None:
        """Record by name what scripted parts run without dispatching it."""
        for name in hidden_operators(module):
            self.operators.setdefault((name, "uncounted"), _OperatorTally()).calls += 1

    def report(self, module: nn.Module) -> MacsReport:
        rows = [
            OperatorRow(name, state, tally.calls, tally.macs, tally.bytes_moved)
            for (name, state), tally in self.operators.items()
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


class _Running(local):
    """The submodules that this thread is executing, outermost first, and how each is observed.

    The thread that counts is always observed; a thread that works for it only while it executes
    a submodule.
    """

    def __init__(self) -> None:
        # Every thread has its own, made at its first access.
        self.paths: list[str] = []
        self.observed: list[AbstractContextManager[object]] = []


@contextmanager
def _observed_calls(
    module: nn.Module, ledger: _Ledger, observed: ObservedOperators
) -> Iterator[None]:
    """Tell `ledger` which submodules' forward is executing, and observe it in every thread.

    Scripted modules take no hooks; what they spend is booked under those that call them.
    """

    def entering(path: str) -> Callable[[nn.Module, object], None]:
        def hook(_module: nn.Module, _inputs: object) -> None:
            here = observed.here()
            here.__enter__()
            ledger.enter(path, here)

        return hook

    def leaving(_module: nn.Module, _inputs: object, _output: object) -> None:
        ledger.leave().__exit__(None, None, None)

    with ExitStack() as stack:
        for path, part in module.named_modules():
            if isinstance(part, torch.jit.ScriptModule):
                continue
            stack.enter_context(part.register_forward_pre_hook(entering(path), prepend=True))
            stack.enter_context(part.register_forward_hook(leaving, always_call=True))
        yield
