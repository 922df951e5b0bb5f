"""PyTorch on CUDA with all kernels of a call launched at once, as a CUDA graph.

The one file that knows this way of running.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from profilers.agent.failure import ProfilingFailed, reason_of
from profilers.agent.prepared_network import Missing, PreparedCall, Program
from profilers.runtimes.eager import EagerRuntime
from profilers.runtimes.targets import Target
from profilers.runtimes.torch_compile import CompiledRuntime

# As many as PyTorch's own helpers make before they record: libraries set themselves up.
_WARM_UP_CALLS = 3


class CudaGraphRuntime:
    """Records the kernels that another runtime launches for one call, and replays them.

    Launching singly takes the processor some microseconds a kernel, more than a GPU needs for
    many of a small network. A graph is recorded for one size of the images and launches the same
    kernels every time, so it applies where nothing on the processor waits for a value from the
    GPU: ClassSR's routes and sparse masks are refused.
    """

    def __init__(self, recorded: EagerRuntime | CompiledRuntime) -> None:
        self._recorded = recorded

    def why_unavailable(self, device: str) -> Missing | None:
        return self._recorded.why_unavailable(device)

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Return the replay of one forward pass over the target's images.

        Precision and layout are those of the runtime that is recorded.

        Raises:
            ProfilingFailed: the network waits for a value from the GPU.
        """
        call = self._recorded.prepare(network, target)
        graph = torch.cuda.CUDAGraph()
        try:
            _warm_up(call)
            with torch.cuda.graph(graph):
                enlarged = call()
        except RuntimeError as error:
            raise ProfilingFailed(
                f"cannot be recorded as a CUDA graph: {reason_of(error)}"
            ) from error
        return _Replay(graph, call, enlarged)

    def upscaler(self, network: nn.Module, target: Target, *, by_size: bool) -> Program:
        """Return what the recorded runtime makes of any images, by the kernels that it launches.

        A graph is of one size, and replays no other kernels.
        """
        return self._recorded.upscaler(network, target, by_size=by_size)


@dataclass(frozen=True)
class _Replay:
    graph: torch.cuda.CUDAGraph
    recorded: PreparedCall
    """Keeps alive the weights and the images, which the graph knows by their addresses alone."""
    enlarged: object
    """What every replay writes anew."""

    def __call__(self) -> object:
        self.graph.replay()
        return self.enlarged


def _warm_up(call: PreparedCall) -> None:
    """Call on a stream aside, as PyTorch asks for, and refuse here what recording would.

    A recording that fails may leave the allocator in its state.
    """
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(_WARM_UP_CALLS):
            call()
        with _waiting_is_an_error():
            call()
    torch.cuda.current_stream().wait_stream(aside)


@contextmanager
def _waiting_is_an_error() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Synchronization debug mode is a prototype")
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")
