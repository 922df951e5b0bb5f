"""Networks as ExecuTorch programs, in which XNNPACK does all that it can."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import GraphModule
from torch.fx.passes.infra.pass_base import PassResult
from torch.nn import functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode

from profilers.failure import ProfilingFailed
from profilers.quiet import quiet_libraries

# What `export_executorch` imports.
EXPORT_MODULES = ("executorch.backends.xnnpack.partition.xnnpack_partitioner",)
# Outside the core set of operators, which is all that ExecuTorch promises, yet it has them.
_OTHER_KERNELS = [torch.ops.aten.var_mean.correction]


def export_executorch(network: nn.Module, images: Tensor) -> bytes:
    """Return `network`, which must be ready for inference, as a program for such images.

    Raises:
        ProfilingFailed: the network has an operator that ExecuTorch or its exporter lacks.
    """
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
    from executorch.exir.passes.constant_prop_pass import constant_prop_pass

    try:
        with quiet_libraries():
            with ChannelSumsAsConvolutions():
                exported = torch.export.export(network, (images,))
            lowered = to_edge_transform_and_lower(
                # XNNPACK takes convolutions whose weights are stored.
                constant_prop_pass(exported),
                transform_passes=[_forget_origins],
                partitioner=[XnnpackPartitioner()],
                compile_config=EdgeCompileConfig(_core_aten_ops_exception_list=_OTHER_KERNELS),
            )
            program: bytes = lowered.to_executorch().buffer
    except Exception as error:  # the steps raise exceptions of many kinds
        reason = str(error).strip().partition("\n")[0]
        raise ProfilingFailed(
            f"cannot be exported to ExecuTorch: {type(error).__name__}: {reason}"
        ) from error
    return program


class ChannelSumsAsConvolutions(TorchFunctionMode):
    """Writes sums over the channels as what XNNPACK has: convolutions by equal weights.

    XNNPACK adds up pixels only. What it lacks is done by ExecuTorch's plain loops, between which
    its own work falls to pieces: SeemoRe-B, folded, is 25 in place of 75 and takes a quarter less.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        keywords = kwargs or {}
        write = _WRITTEN.get(func)
        written = NotImplemented if write is None else write(*args, **keywords)
        if written is not NotImplemented:
            return written
        result: object = func(*args, **keywords)
        return result


# The parameters' names are PyTorch's.
def _mean(input: Tensor, dim: object = None, keepdim: bool = False, **others: object) -> object:
    if others or not keepdim or not _is_over_channels(input, dim):
        return NotImplemented
    return _weighted_sum(input, 1 / input.shape[1])


def _vector_norm(
    x: Tensor, ord: float = 2, dim: object = None, keepdim: bool = False, **others: object
) -> object:
    if others or ord != 2 or not keepdim or not _is_over_channels(x, dim):
        return NotImplemented
    return _weighted_sum(x * x, 1.0).sqrt()


_WRITTEN: Mapping[Callable[..., Any], Callable[..., object]] = {
    torch.mean: _mean,
    torch.Tensor.mean: _mean,
    torch.linalg.vector_norm: _vector_norm,
}


def _is_over_channels(x: Tensor, dim: object) -> bool:
    return x.dim() == 4 and dim in (1, -3, (1,), (-3,), [1], [-3])


def _weighted_sum(x: Tensor, weight: float) -> Tensor:
    return F.conv2d(x, torch.full((1, x.shape[1], 1, 1), weight, dtype=x.dtype))


def _forget_origins(graph_module: GraphModule) -> PassResult:
    """Drop the notes of which node came from which, which each pass copies and adds to."""
    for node in graph_module.graph.nodes:
        node.meta.pop("from_node", None)
    return PassResult(graph_module, modified=True)
