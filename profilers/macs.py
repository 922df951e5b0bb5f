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
from torch.utils._python_dispatch import TorchDispatchMode

from profilers.meta import Operator, call_operator, tensors_in
from profilers.operators import MACS, MacHandler, is_free, operator_name, shapes_of

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
    """One submodule: `macs` includes what its own submodules spend. The root's path is ''."""

    path: str
    module_type: str
    calls: int
    macs: int


@dataclass(frozen=True)
class MacsReport:
    """What one forward pass costs; `uncounted` maps operators nobody knows to their calls."""

    total: int
    by_operator: tuple[OperatorRow, ...]
    by_module: tuple[ModuleRow, ...]
    uncounted: Mapping[str, int]
    notes: tuple[str, ...]


def count_macs(module: nn.Module, *inputs: object) -> MacsReport:
    """Return the MACs of `module(*inputs)` in evaluation mode.

    Inputs and module live on one device; on "meta" nothing is computed or allocated. The
    module is left as it was: hooks, training flags and random state are restored.
    """
    ledger = _Ledger()
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(_cuda_devices(module)))
        stack.enter_context(evaluation_mode(module))
        stack.enter_context(_observed_calls(module, ledger))
        stack.enter_context(torch.no_grad())
        stack.enter_context(ledger)
        module(*inputs)
    return ledger.report(module)


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Put `module` into evaluation mode and give every submodule its own flag back."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


@dataclass
class _OperatorTally:
    state: State
    handler: MacHandler | None
    calls: int = 0
    macs: int = 0
    bytes_moved: int = 0


@dataclass
class _ModuleTally:
    calls: int = 0
    macs: int = 0


class _Ledger(TorchDispatchMode):
    """Books every dispatched operator under its name and under the modules being called."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operators: dict[str, _OperatorTally] = {}
        self.modules: dict[str, _ModuleTally] = {}
        self.running: list[str] = []

    def __torch_dispatch__(
        self,
        func: Operator,
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        name, keywords = operator_name(func), kwargs or {}
        if name not in MACS:
            # Under inference_mode composite operators arrive whole; their parts are what we know.
            with self:
                decomposed: object = func.decompose(*args, **keywords)
            if decomposed is not NotImplemented:
                return decomposed
        output = call_operator(func, args, keywords)
        self._book(func, name, args, output)
        return output

    def _book(self, func: Operator, name: str, args: Sequence[object], output: object) -> None:
        tally = self.operators.get(name)
        if tally is None:
            tally = self.operators[name] = _new_tally(func, name)
        tally.calls += 1
        if not func.is_view:
            moved = tensors_in((args, output))
            tally.bytes_moved += sum(part.numel() * part.element_size() for part in moved)
        if tally.handler is not None:
            macs = tally.handler(shapes_of(args), shapes_of(output))
            tally.macs += macs
            for path in dict.fromkeys(self.running):
                self.modules[path].macs += macs

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
            by_operator=tuple(rows),
            by_module=tuple(
                ModuleRow(path, type(part).__name__, tally.calls, tally.macs)
                for path, part in module.named_modules()
                if (tally := self.modules.get(path)) is not None
            ),
            uncounted=uncounted,
            notes=(CONVENTION, *([f"not counted, their cost is unknown: {names}"] * bool(names))),
        )


def _new_tally(func: Operator, name: str) -> _OperatorTally:
    handler = MACS.get(name)
    if handler is not None:
        return _OperatorTally("counted", handler)
    return _OperatorTally("free" if is_free(func) else "uncounted", None)


@contextmanager
def _observed_calls(module: nn.Module, ledger: _Ledger) -> Iterator[None]:
    """Keep `ledger.running` at the paths of the submodules whose forward is executing."""

    def entering(path: str) -> Callable[[nn.Module, object], None]:
        def hook(_module: nn.Module, _inputs: object) -> None:
            ledger.modules.setdefault(path, _ModuleTally()).calls += 1
            ledger.running.append(path)

        return hook

    def leaving(_module: nn.Module, _inputs: object, _output: object) -> None:
        ledger.running.pop()

    with ExitStack() as stack:
        for path, part in module.named_modules():
            stack.enter_context(part.register_forward_pre_hook(entering(path), prepend=True))
            stack.enter_context(part.register_forward_hook(leaving, always_call=True))
        yield


def _cuda_devices(module: nn.Module) -> list[torch.device]:
    return list({tensor.device for tensor in module.parameters() if tensor.is_cuda})
