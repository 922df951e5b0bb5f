"""What fvcore and thop count for the same network, and why they differ.

The causes come from what each tool reports per operator or per module; nothing here knows a
particular network.
"""

import contextlib
import copy
import io
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from blocks.module_state import evaluation_mode
from foundation import raise_interrupt
from foundation.library_messages import quiet_libraries
from profilers.agent.failure import reason_of
from profilers.counting.macs import MacsReport, count_macs
from profilers.counting.operators import is_free

_FVCORE_PRODUCTS = frozenset({"conv", "addmm", "bmm", "einsum", "matmul", "mm", "linear"})
# Differences below this share of the total are not mentioned.
_WORTH_NAMING = 0.001


@dataclass(frozen=True)
class CrossCheck:
    """One tool's count beside ours.

    Attributes:
        tool: "fvcore" or "thop".
        macs: what it counts in one forward pass; None if it fails.
        ratio: its count over ours; None if either has none.
        cause: why it differs, in one line; None if it does not.
    """

    tool: str
    macs: int | None
    ratio: float | None
    cause: str | None


def cross_check(
    network: nn.Module, *, lr_height_px: int, lr_width_px: int
) -> tuple[CrossCheck, ...]:
    """Return what fvcore and thop count for one image of this size, on copies of `network`.

    Both need values, so the network has to be on a device that has them.
    """
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    return cross_check_on(network, torch.zeros(1, 3, lr_height_px, lr_width_px, device=device))


def cross_check_on(module: nn.Module, *inputs: torch.Tensor) -> tuple[CrossCheck, ...]:
    """Return what fvcore and thop count for `module(*inputs)`, on copies of `module`."""
    ours = count_macs(module, *inputs)
    checks = []
    for tool, count in (("fvcore", _count_with_fvcore), ("thop", _count_with_thop)):
        try:
            with _silence():
                copied = copy.deepcopy(module)
                with evaluation_mode(copied):
                    macs, cause = count(copied, inputs, ours)
        except Exception as error:
            raise_interrupt(error)
            checks.append(CrossCheck(tool, None, None, f"fails: {reason_of(error)}"))
            continue
        ratio = macs / ours.total if ours.total else None
        checks.append(CrossCheck(tool, macs, ratio, None if macs == ours.total else cause))
    return tuple(checks)


def _count_with_fvcore(
    network: nn.Module, inputs: tuple[torch.Tensor, ...], ours: MacsReport
) -> tuple[int, str]:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(network, inputs)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    analysis.tracer_warnings("none")
    counts: Mapping[str, float] = analysis.by_operator()
    differences = {name: n for name, n in counts.items() if name not in _FVCORE_PRODUCTS}
    products = sum(n for name, n in counts.items() if name in _FVCORE_PRODUCTS)
    differences["convolutions and matrix products"] = products - ours.total
    cause = _in_words(differences, ours.total)
    unknown = sorted(name for name in analysis.unsupported_ops() if not _is_known_free(name))
    if products < ours.total and unknown:
        cause += f"; does not know {', '.join(unknown)}"
    return int(sum(counts.values())), cause


def _count_with_thop(
    network: nn.Module, inputs: tuple[torch.Tensor, ...], ours: MacsReport
) -> tuple[int, str]:
    from thop import profile

    total, _, layers = profile(network, inputs=inputs, verbose=False, ret_layer_info=True)
    types = {path: type(part).__name__ for path, part in network.named_modules()}
    spent = {row.path: row.macs for row in ours.by_module}
    differences: Counter[str] = Counter()
    seen = 0
    for path, macs in list(_thop_leaves(layers, "")) or [("", int(total))]:
        differences[types[path]] += macs - spent.get(path, 0)
        seen += spent.get(path, 0)
    differences["functional calls"] += seen - ours.total
    return int(total), _in_words(differences, ours.total)


def _thop_leaves(layers: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, int]]:
    for name, (macs, _, inner) in layers.items():
        if inner:
            yield from _thop_leaves(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", int(macs)


def _in_words(differences: Mapping[str, float], total: int) -> str:
    """Describe the differences that matter, the largest first."""
    ranked = sorted(differences.items(), key=lambda item: -abs(item[1]))
    worth = [(name, n) for name, n in ranked if abs(n) >= _WORTH_NAMING * total and n]
    parts = [
        f"{abs(n) / 1e6:.4g} M {'more' if n > 0 else 'fewer'} in {name}"
        for name, n in worth or ranked[:1]
    ]
    return "counts " + ", ".join(parts)


def _is_known_free(name: str) -> bool:
    """Whether 'aten::add' and the like, as a traced graph spells it, cost no MACs."""
    namespace, _, operator = name.partition("::")
    packet = getattr(getattr(torch.ops, namespace, None), operator, None)
    if packet is None or namespace != "aten":
        return namespace == "prim"
    return any(is_free(getattr(packet, overload)) for overload in packet.overloads())


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep the tools' prints, log lines and warnings to themselves."""
    with (
        quiet_libraries(),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
