"""Products that PyTorch decomposes before dispatch, which hides what they cost.

`linalg.vecdot`, `outer` and `kron` are dispatched as element-wise multiplications, and a
convolution of complex numbers as three real ones. The tables here say what these parts cost,
given the function that was called.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from math import prod
from typing import Any

import torch
from torch import nn

from profilers.counting.operators import MacHandler, convolution

# Groups of fused operators, and what `torch.jit.optimize_for_inference` makes of convolutions.
_HIDDEN = ("prim::mkldnn", "prim::MKLDNNGroup", "prim::TensorExprGroup", "prim::FusionGroup")

PartHandlers = Mapping[str, MacHandler]


def every_result(_args: Sequence[Any], output: Any) -> int:
    """Each result is a multiplication of its own."""
    return int(prod(output))


def pairs(args: Sequence[Any], output: Any) -> int:
    """Each result is one if both operands have an index of their own, else it is a scaling."""
    return int(prod(output)) if prod(output) > max(prod(args[0]), prod(args[1])) else 0


def _complex_convolution() -> PartHandlers:
    """Three equal convolutions of real numbers stand for one: the first of them counts."""
    calls = count()

    def first_of_three(args: Sequence[Any], output: Any) -> int:
        return 0 if next(calls) % 3 else convolution(args, output)

    return {"aten.convolution": first_of_three, "aten._convolution": first_of_three}


_MULTIPLIED: Mapping[str, PartHandlers] = {
    "linalg_vecdot": {"aten.mul": every_result},
    "outer": {"aten.mul": every_result},
    "ger": {"aten.mul": every_result},
    "kron": {"aten.mul": every_result},
    "einsum": {"aten.mul": pairs},
}
_CONVOLUTIONS = frozenset(
    f"conv{kind}{dimensions}d" for kind in ("", "_transpose") for dimensions in (1, 2, 3)
)


COMPOSITES: frozenset[str] = _CONVOLUTIONS | _MULTIPLIED.keys()


def part_handlers(function: str, operands: Iterable[torch.Tensor]) -> PartHandlers | None:
    """Return what the parts of a call of `function` cost, by name; None if nothing is special."""
    if function in _CONVOLUTIONS:
        is_complex = any(tensor.is_complex() for tensor in operands)
        return _complex_convolution() if is_complex else None
    return _MULTIPLIED.get(function)


def is_opaque_in_script(node: str) -> bool:
    """Whether a node of TorchScript, as 'aten::outer', runs as parts that do not tell its cost."""
    return node.removeprefix("aten::") in _MULTIPLIED


def hidden_operators(module: nn.Module) -> Iterator[str]:
    """Yield the name of each node that no dispatch reveals, in the scripted parts of `module`."""
    inner: set[nn.Module] = set()
    for part in module.modules():
        if isinstance(part, torch.jit.ScriptModule) and part not in inner:
            inner.update(part.modules())
            for node in part.inlined_graph.nodes():
                if node.kind().startswith(_HIDDEN) or is_opaque_in_script(node.kind()):
                    yield node.kind().replace("::", ".")
