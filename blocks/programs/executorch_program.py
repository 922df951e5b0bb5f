"""Networks as ExecuTorch programs, in which XNNPACK does all that it can."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import GraphModule, Node
from torch.fx.passes.infra.pass_base import PassResult

from blocks.programs.failure import ExportFailed
from blocks.programs.xnnpack_weights import store_exact_weights_in_half
from foundation.library_messages import quiet_libraries

# What `export_executorch` imports.
EXPORT_MODULES = ("executorch.backends.xnnpack.partition.xnnpack_partitioner",)
# Outside the core set of operators, which is all that ExecuTorch promises, yet it has them.
_OTHER_KERNELS = [torch.ops.aten.var_mean.correction]
_aten = torch.ops.aten
_MEAN = _aten.mean.dim
_NORM = _aten.linalg_vector_norm.default


@dataclass(frozen=True)
class LoweredProgram:
    """A network as ExecuTorch runs it."""

    file: bytes
    constants_bytes: int
    """What weights, biases and scales take in the file."""


def export_executorch(network: nn.Module, images: Tensor) -> bytes:
    """Return `network`, which must be ready for inference, as a program for such images.

    Raises:
        ExportFailed: the network has an operator that ExecuTorch or its exporter lacks.
    """
    try:
        with quiet_libraries():
            return lowered(torch.export.export(network, (images,))).file
    except Exception as error:  # the steps raise exceptions of many kinds
        raise lowering_failed(error) from error


def lowered(exported: ExportedProgram) -> LoweredProgram:
    """Return an exported network, which may be quantised, as a program."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower

    channel_sums_as_convolutions(exported)
    store_exact_weights_in_half()
    edge = to_edge_transform_and_lower(
        exported,
        transform_passes=[_forget_origins],
        partitioner=[XnnpackPartitioner()],
        compile_config=EdgeCompileConfig(_core_aten_ops_exception_list=_OTHER_KERNELS),
    )
    program = edge.to_executorch()
    delegated = program._named_data.buffers if program._named_data else ()
    others = (buffer.storage for buffer in program.executorch_program.constant_buffer)
    return LoweredProgram(program.buffer, sum(map(len, (*delegated, *others))))


def lowering_failed(error: Exception) -> ExportFailed:
    """What to raise from an error on the way to a program."""
    reason = str(error).strip().partition("\n")[0]
    return ExportFailed(f"cannot be exported to ExecuTorch: {type(error).__name__}: {reason}")


def channel_sums_as_convolutions(program: ExportedProgram) -> None:
    """Write sums over the channels as what XNNPACK has: convolutions by equal weights.

    XNNPACK adds up pixels only. What it lacks is done by ExecuTorch's plain loops, between which
    its own work falls to pieces: SeemoRe-B, folded, is 25 in place of 75 and takes a quarter less.
    """
    for node in list(program.graph.nodes):
        if node.target in (_MEAN, _NORM):
            arguments = _arguments_of(node)
            if _is_over_channels(arguments):
                _write(program, node, arguments["self"])
    program.graph_module.recompile()


def _arguments_of(node: Node) -> dict[str, Any]:
    assert isinstance(node.target, OpOverload)
    names = (argument.name for argument in node.target._schema.arguments)
    return dict(zip(names, node.args, strict=False)) | node.kwargs


def _is_over_channels(arguments: Mapping[str, Any]) -> bool:
    return (
        arguments["self"].meta["val"].dim() == 4
        and arguments.get("dim") in ([1], [-3])
        and arguments.get("keepdim", False)
        and arguments.get("dtype") is None
        and arguments.get("ord", 2) == 2
    )


def _write(program: ExportedProgram, node: Node, x: Node) -> None:
    """Put the convolution of `x` in the place of `node`, its mean or norm."""
    from executorch.backends.transforms.utils import create_constant_placeholder

    graph = program.graph
    is_norm = node.target is _NORM
    values = x.meta["val"]
    channels = values.shape[1]
    weight = 1.0 if is_norm else 1 / channels
    weights = torch.full((1, channels, 1, 1), weight, dtype=values.dtype)
    with graph.inserting_before(next(iter(graph.nodes))):
        stored = create_constant_placeholder(
            program, graph, f"{node.name}_weights", InputKind.PARAMETER, weights
        )
    with graph.inserting_before(node):
        summed = graph.call_function(_aten.mul.Tensor, (x, x)) if is_norm else x
        written = graph.call_function(_aten.conv2d.default, (summed, stored))
        if is_norm:
            written = graph.call_function(_aten.sqrt.default, (written,))
    written.meta = node.meta
    node.replace_all_uses_with(written)
    program.graph_signature.replace_all_uses(node.name, written.name)
    graph.erase_node(node)


def _forget_origins(graph_module: GraphModule) -> PassResult:
    """Drop the notes of which node came from which, which each pass copies and adds to."""
    for node in graph_module.graph.nodes:
        node.meta.pop("from_node", None)
    return PassResult(graph_module, modified=True)
