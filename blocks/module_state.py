"""Running a module and leaving it exactly as it was."""

import sys
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def left_unchanged(module: nn.Module) -> Iterator[None]:
    """Evaluate without gradients, and restore state, training flags and random state afterwards.

    Compiled parts run uncompiled, since compiled code dispatches none of its operators.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(_cuda_devices(module)))
        stack.enter_context(_same_state(module))
        stack.enter_context(evaluation_mode(module))
        stack.enter_context(torch.no_grad())
        # Whatever is compiled has imported this module, which by itself takes two seconds.
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Put `module` into evaluation mode, and restore each submodule's own flag afterwards.

    A frozen module has no such flag, and an exported one keeps the mode of its export.
    """
    training = [part for part in module.modules() if getattr(part, "training", False)]
    if training:
        with suppress(NotImplementedError):
            module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


@contextmanager
def _same_state(module: nn.Module) -> Iterator[None]:
    """Undo what is written to parameters and buffers, in place or by assignment."""
    tensors = (*module.parameters(), *module.buffers())
    values = [(tensor, tensor.detach().clone()) for tensor in tensors if _has_values(tensor)]
    parts = [part for part in module.modules() if not isinstance(part, torch.jit.ScriptModule)]
    tables: list[MutableMapping[str, Any]] = []
    for part in parts:
        tables += [part._parameters, part._buffers]
    entries = [dict(table) for table in tables]
    try:
        yield
    finally:
        for table, entry in zip(tables, entries, strict=True):
            table.clear()
            table.update(entry)
        with torch.no_grad():
            for tensor, value in values:
                if not torch.equal(tensor, value):
                    tensor.copy_(value)


def _has_values(tensor: Tensor) -> bool:
    is_dense = tensor.layout is torch.strided  # others can be neither compared nor written
    return is_dense and not tensor.is_meta and not nn.parameter.is_lazy(tensor)


def _cuda_devices(module: nn.Module) -> list[torch.device]:
    return list({tensor.device for tensor in module.parameters() if tensor.is_cuda})
