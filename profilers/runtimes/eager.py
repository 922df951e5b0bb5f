"""PyTorch in eager mode, on the CPU and on CUDA: the one file that knows this runtime."""

import copy
from collections.abc import Callable

import torch
from torch import nn

from profilers.agent.output_check import as_array
from profilers.agent.prepared_network import Images, Missing, PreparedCall, Program
from profilers.runtimes.images import sample_images
from profilers.runtimes.targets import Target


class EagerRuntime:
    """Runs the modules as they are written, under inference mode."""

    def why_unavailable(self, device: str) -> Missing | None:
        if device == "cpu" or torch.cuda.is_available():
            return None
        if torch.version.cuda is None:
            return Missing(
                "this PyTorch was built without CUDA",
                "install a CUDA build of torch, see https://pytorch.org/get-started/locally",
            )
        return Missing(
            "PyTorch finds no CUDA device", "check that nvidia-smi lists a GPU and its driver"
        )

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Return one forward pass over the target's images.

        With precision bfloat16 weights and images are bfloat16 throughout: autocast would
        convert the weights anew at every call. The thread count is the process's affair.
        """
        return forward_pass(network_on(target, network), target)

    def upscaler(self, network: nn.Module, target: Target, *, by_size: bool) -> Program:
        """Return the same forward pass over any images."""
        return on_images(network_on(target, network), target)


def network_on(target: Target, network: nn.Module) -> nn.Module:
    """Return a copy of `network` for inference, in the target's precision, layout and device."""
    ready = copy.deepcopy(network).eval().requires_grad_(False)
    dtype, layout = _format(target)
    return ready.to(device=target.device, dtype=dtype, memory_format=layout)  # type: ignore[call-overload, no-any-return]


def forward_pass(module: Callable[[torch.Tensor], torch.Tensor], target: Target) -> PreparedCall:
    """Return a call of `module` on the target's images; on CUDA it does not wait for the result."""
    dtype, layout = _format(target)
    images = sample_images(target).to(target.device, dtype, memory_format=layout)

    def call() -> torch.Tensor:
        with torch.inference_mode():
            return module(images)

    return call


def on_images(module: Callable[[torch.Tensor], torch.Tensor], target: Target) -> Program:
    """Return `module`, ready on the target, as a function of any images."""
    dtype, layout = _format(target)

    def enlarge(images: Images) -> Images:
        with torch.inference_mode():
            given = torch.from_numpy(images).to(target.device, dtype, memory_format=layout)
            return as_array(module(given))

    return enlarge


def _format(target: Target) -> tuple[torch.dtype, torch.memory_format]:
    channels_last = target.layout == "channels_last"
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return getattr(torch, target.precision), layout
