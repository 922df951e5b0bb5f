"""ExecuTorch with XNNPACK on the CPU, the runtime of phones; its exporter is a file beside."""

import torch
from torch import nn

from blocks.programs.executorch_program import EXPORT_MODULES, export_executorch
from blocks.programs.failure import ExportFailed
from foundation.library_messages import quiet_libraries
from profilers.agent.failure import ProfilingFailed
from profilers.agent.prepared_network import Missing, PreparedCall, missing_library
from profilers.runtimes.eager import network_on
from profilers.runtimes.images import sample_images
from profilers.runtimes.targets import Target

_METHOD = "forward"


class XnnpackRuntime:
    """Runs the exported network with XNNPACK, and what XNNPACK lacks with ExecuTorch's kernels.

    Those are plain loops for the most part: bicubic interpolation, which becomes dozens of
    them, costs FSRCNN x2 more than all its convolutions. The layout inside is XNNPACK's choice.
    """

    def why_unavailable(self, device: str) -> Missing | None:
        with quiet_libraries():
            return missing_library(
                "executorch.runtime",
                *EXPORT_MODULES,
                remedy="pip install 'paretosr[executorch]'",
            )

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Export `network`, give XNNPACK all it takes of it and return its forward pass.

        All programs of a process share their threads: what was prepared for another number of
        them must not be called any more.

        Raises:
            ProfilingFailed: the network has an operator that ExecuTorch or its exporter lacks.
            ValueError: ExecuTorch does not use as many threads on this machine.
        """
        from executorch.runtime import Runtime

        _use_threads(target.threads)
        images = sample_images(target)
        try:
            exported = export_executorch(network_on(target, network), images)
        except ExportFailed as error:
            raise ProfilingFailed(str(error)) from error
        program = Runtime.get().load_program(exported)
        program.load_method(_METHOD)
        inputs = (images,)

        def call() -> torch.Tensor:
            # Asked for again, since a method alone does not keep alive the program it reads.
            enlarged: torch.Tensor = program.load_method(_METHOD).execute(inputs)[0]
            return enlarged

        return call


def _use_threads(threads: int) -> None:
    """Set the number of threads, the calling one included.

    ExecuTorch's Python package has only private calls for this. The setting one replaces the
    threads that loaded programs go on using, so it must be made before a program is loaded.
    """
    from executorch.extension.pybindings import portable_lib

    if portable_lib._threadpool_get_thread_count() != threads:
        portable_lib._unsafe_reset_threadpool(threads)
    used = portable_lib._threadpool_get_thread_count()
    if used != threads:
        raise ValueError(f"threads must be {used} for ExecuTorch on this machine, got {threads}")
