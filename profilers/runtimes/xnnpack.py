"""ExecuTorch with XNNPACK on the CPU, the runtime of phones; its exporter is a file beside."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import torch
from torch import nn

from blocks import SuperResolutionNetwork
from blocks.programs.executorch_program import EXPORT_MODULES, export_executorch
from blocks.programs.failure import ExportFailed
from foundation.libraries import missing_library
from foundation.library_messages import quiet_libraries
from profilers.agent.failure import ProfilingFailed, reason_of
from profilers.agent.output_check import as_array
from profilers.agent.prepared_network import (
    PROGRAMS_KEPT,
    Images,
    Missing,
    PreparedCall,
    Program,
)
from profilers.runtimes.eager import network_on
from profilers.runtimes.images import sample_images
from profilers.runtimes.targets import Target

_METHOD = "forward"
_Method = Callable[[torch.Tensor], torch.Tensor]


class XnnpackRuntime:
    """Runs the exported network with XNNPACK, and what XNNPACK lacks with ExecuTorch's kernels.

    Those are plain loops for the most part: bicubic interpolation, which becomes dozens of
    them, costs FSRCNN x2 more than all its convolutions. The layout inside is XNNPACK's choice.
    """

    def why_unavailable(self, device: str) -> Missing | None:
        missing = missing_library("executorch.runtime", *EXPORT_MODULES)
        return Missing.of(missing, "pip install 'paretosr[executorch]'")

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Export `network`, give XNNPACK all it takes of it and return its forward pass.

        All programs of a process share their threads: what was prepared for another number of
        them must not be called any more.

        Raises:
            ProfilingFailed: the network has an operator that ExecuTorch or its exporter lacks.
            ValueError: ExecuTorch does not use as many threads on this machine.
        """
        images = sample_images(target)
        return partial(_exported(network_on(target, network), images, target), images)

    def upscaler(self, network: nn.Module, target: Target, *, by_size: bool) -> Program:
        """Return a program for each size of images in any case: its memory is planned for one.

        Raises:
            ProfilingFailed, ValueError: as `prepare`, on a call.
        """
        ready = network_on(target, network)

        @lru_cache(PROGRAMS_KEPT)
        def program_of(shape: tuple[int, ...]) -> _Method:
            return _exported(ready, torch.zeros(shape), target)

        def enlarge(images: Images) -> Images:
            return as_array(program_of(images.shape)(torch.from_numpy(images)))

        return enlarge

    def quantised(self, program: Path, network: nn.Module, target: Target) -> Program:
        """Load a quantised program, which is the learned part of `network`.

        The mean shift and the interpolated image are added by PyTorch. A program takes one image at
        a time, up to the size that its memory is planned for.

        Raises:
            ValueError: as `prepare`.
            ProfilingFailed: on a call, an image is larger.
            OSError: it cannot be read.
        """
        ready = network_on(target.of_reference, network)
        assert isinstance(ready, SuperResolutionNetwork)  # no other is quantised
        exported = program.read_bytes()
        learned = _loaded(exported, target)

        def enlarge_each(encoded: torch.Tensor) -> torch.Tensor:
            try:  # the result lies in memory of the program
                return torch.cat([learned(image[None]).clone() for image in encoded])
            except RuntimeError as error:
                raise ProfilingFailed(_refusal(exported, encoded, reason_of(error))) from error

        def enlarge(images: Images) -> Images:
            with torch.inference_mode():
                return as_array(ready.images_by(enlarge_each, torch.from_numpy(images)))

        return enlarge


def _refusal(exported: bytes, encoded: torch.Tensor, reason: str) -> str:
    """What to say of a program that failed: of their size, only if images are too large for it."""
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(exported).load_method(_METHOD)
    most_px = min(method.metadata.input_tensor_meta(0).sizes()[2:])
    height, width = encoded.shape[2:]
    refused = f"XNNPACK's program cannot enlarge images of {height}x{width} px ({reason})"
    if max(height, width) > most_px:
        return (
            f"{refused}: its memory is planned for {most_px}x{most_px} px at most, so cut them "
            f"into tiles (--tile {most_px // 2})"
        )
    return f"{refused}, though it is made for such: use another runtime, or precision=float32"


def _exported(network: nn.Module, images: torch.Tensor, target: Target) -> _Method:
    """Return `network`, ready for inference, for images like these."""
    try:
        return _loaded(export_executorch(network, images), target)
    except ExportFailed as error:
        raise ProfilingFailed(str(error)) from error


def _loaded(exported: bytes, target: Target) -> _Method:
    with quiet_libraries():
        from executorch.runtime import Runtime

    _use_threads(target.threads)
    program = Runtime.get().load_program(exported)
    program.load_method(_METHOD)

    def call(images: torch.Tensor) -> torch.Tensor:
        # Asked for again, since a method alone does not keep alive the program it reads.
        enlarged: torch.Tensor = program.load_method(_METHOD).execute((images.contiguous(),))[0]
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
