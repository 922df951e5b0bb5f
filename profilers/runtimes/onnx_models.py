"""Networks exported to ONNX, and run by a runtime that reads it."""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path

from torch import nn

from blocks.programs.failure import ExportFailed
from blocks.programs.onnx_graph import EXPORT_MODULES, export_onnx, export_onnx_of_any_size
from foundation.libraries import missing_library
from profilers.agent.failure import ProfilingFailed
from profilers.agent.prepared_network import (
    PROGRAMS_KEPT,
    Images,
    Missing,
    PreparedCall,
    Program,
)
from profilers.agent.runtimes.onnx_loaders import LOADERS
from profilers.agent.runtimes.settings import Graph
from profilers.runtimes.images import sample_images
from profilers.runtimes.targets import Target

_Shape = tuple[int, int, int, int]


class ExportedRuntime:
    """Runs the exported network; kernels and their memory layouts are the runtime's choice.

    `name` is that of a loader, `extra` the extra of this package that installs it.
    """

    def __init__(self, name: str, extra: str) -> None:
        self._name = name
        self._remedy = f"pip install 'paretosr[{extra}]'"

    def why_unavailable(self, device: str) -> Missing | None:
        return Missing.of(missing_library(*EXPORT_MODULES, self._name), self._remedy)

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Export `network`, make it ready for this machine and return its forward pass.

        Raises:
            ProfilingFailed: the network has an operator that ONNX or its exporter lacks.
            ValueError: the runtime does not honour the target's settings on this machine.
        """
        program = self._loaded(Graph(onnx_for(network, target.images_shape)), target)
        return partial(program, sample_images(target).numpy())

    def upscaler(self, network: nn.Module, target: Target, *, by_size: bool) -> Program:
        """Export `network` for images of any size, or for each size of images.

        Raises:
            ProfilingFailed, ValueError: as `prepare`, here or on a call.
        """
        graph_for = onnx_by_shape(network, by_size=by_size)
        program_of = lru_cache(PROGRAMS_KEPT)(partial(self._loaded, target=target))

        def enlarge(images: Images) -> Images:
            return program_of(Graph(graph_for(images.shape)))(images)

        return enlarge

    def quantised(self, program: Path, network: nn.Module, target: Target) -> Program:
        """Load a quantised graph, which is all of the network.

        Raises:
            ValueError: as `prepare`.
            OSError: it cannot be read.
        """
        return self._loaded(graph_in(program), target)

    def _loaded(self, graph: Graph, target: Target) -> Program:
        return LOADERS[self._name](graph, target.settings)


def graph_in(program: Path) -> Graph:
    """Return the graph in a file of ONNX, or in one of OpenVINO with the .bin beside it.

    Raises:
        OSError: a file cannot be read.
    """
    is_openvino = program.suffix == ".xml"
    weights = program.with_suffix(".bin").read_bytes() if is_openvino else None
    return Graph(program.read_bytes(), weights)


def onnx_for(network: nn.Module, shape: _Shape) -> bytes:
    """Return `network` as an ONNX model for images of `shape`, (N, 3, h, w).

    Raises:
        ProfilingFailed: the network has an operator that ONNX or its exporter lacks.
    """
    try:
        return export_onnx(network, shape)
    except ExportFailed as error:
        raise ProfilingFailed(str(error)) from error


def onnx_by_shape(network: nn.Module, *, by_size: bool) -> Callable[[_Shape], bytes]:
    """Return the ONNX model for images of a shape: one for all, or if `by_size` one for each.

    That goes, too, for what the exporter refuses for images of any size.

    Raises:
        ProfilingFailed: on a call, as `onnx_for`.
    """
    each = cache(partial(onnx_for, network))
    if by_size:
        return each
    try:
        model = export_onnx_of_any_size(network)
    except ExportFailed:
        return each
    return lambda shape: model
