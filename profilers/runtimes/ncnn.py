"""ncnn on the CPU, which is what most programs that enlarge images run on."""

from functools import lru_cache, partial

from torch import nn

from foundation.libraries import missing_library
from profilers.agent.prepared_network import (
    PROGRAMS_KEPT,
    Images,
    Missing,
    PreparedCall,
    Program,
)
from profilers.agent.runtimes.ncnn_runtime import load_in_ncnn
from profilers.runtimes.images import sample_images
from profilers.runtimes.portable import EXPORTERS, ncnn_for
from profilers.runtimes.targets import Target


class NcnnRuntime:
    """Runs the network that pnnx converted; kernels and memory layouts are ncnn's choice.

    What ncnn lacks is written by what it has where that is exact (blocks/programs/ncnn_operators);
    what is left is refused by the name of the layer.
    """

    def why_unavailable(self, device: str) -> Missing | None:
        exporter = EXPORTERS["ncnn"]
        remedy = f"pip install 'paretosr[{exporter.extra}]'"
        return Missing.of(missing_library("ncnn", *exporter.modules), remedy)

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Convert `network`, load it and return its forward pass.

        Raises:
            ProfilingFailed: the network cannot be traced, pnnx crashes, or ncnn lacks a layer.
        """
        graph = ncnn_for(network, target.images_shape)
        return partial(load_in_ncnn(graph, target.settings), sample_images(target).numpy())

    def upscaler(self, network: nn.Module, target: Target, *, by_size: bool) -> Program:
        """Return a program for each size of images in any case: sizes are written into it.

        Raises:
            ProfilingFailed: as `prepare`, on a call.
        """

        @lru_cache(PROGRAMS_KEPT)
        def program_of(height_px: int, width_px: int) -> Program:
            return load_in_ncnn(ncnn_for(network, (1, 3, height_px, width_px)), target.settings)

        def enlarge(images: Images) -> Images:
            return program_of(*images.shape[2:])(images)

        return enlarge
