"""How networks are exported for the runtimes that other machines can have too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

from torch import nn

from blocks.programs import ncnn_program, onnx_graph
from blocks.programs.failure import ExportFailed
from profilers.agent.failure import ProfilingFailed
from profilers.agent.runtimes.settings import Graph
from profilers.runtimes.onnx_models import onnx_by_shape, onnx_for

Shape = tuple[int, int, int, int]
"""Of images: (N, 3, h, w)."""


@dataclass(frozen=True)
class Exporter:
    """Makes graphs of networks.

    Attributes:
        modules: what it imports.
        extra: the extra of this package that installs them.
        graph_for: the graph of a network for images of one shape.
        graphs_by_shape: the graph for images of any shape, where `by_size` says that a graph of
            this network is for one size. All raise ProfilingFailed for what cannot be exported.
    """

    modules: tuple[str, ...]
    extra: str
    graph_for: Callable[[nn.Module, Shape], Graph]
    graphs_by_shape: Callable[[nn.Module, bool], Callable[[Shape], Graph]]


def ncnn_for(network: nn.Module, shape: Shape) -> Graph:
    """Return `network` as ncnn's two files, for one image of this size whatever the batch.

    Raises:
        ProfilingFailed: the network cannot be traced, or pnnx crashes.
    """
    try:
        program = ncnn_program.export_ncnn(network, *shape[2:])
    except ExportFailed as error:
        raise ProfilingFailed(str(error)) from error
    return Graph(program.param, program.weights)


def ncnn_by_shape(network: nn.Module, by_size: bool) -> Callable[[Shape], Graph]:
    """Return the graph for images of a shape: each size has its own in any case."""
    each = cache(lambda height_px, width_px: ncnn_for(network, (1, 3, height_px, width_px)))
    return lambda shape: each(*shape[2:])


def _onnx_graph(network: nn.Module, shape: Shape) -> Graph:
    return Graph(onnx_for(network, shape))


def _onnx_graphs(network: nn.Module, by_size: bool) -> Callable[[Shape], Graph]:
    model_for = onnx_by_shape(network, by_size=by_size)
    return lambda shape: Graph(model_for(shape))


_ONNX = partial(
    Exporter,
    onnx_graph.EXPORT_MODULES,
    graph_for=_onnx_graph,
    graphs_by_shape=_onnx_graphs,
)
EXPORTERS: Mapping[str, Exporter] = {
    "onnxruntime": _ONNX(extra="onnx"),
    "openvino": _ONNX(extra="openvino"),
    "ncnn": Exporter(ncnn_program.EXPORT_MODULES, "ncnn", ncnn_for, ncnn_by_shape),
}
"""By the name of the runtime."""
