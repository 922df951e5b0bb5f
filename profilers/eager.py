"""PyTorch in eager mode, on the CPU and on CUDA: the one file that knows this runtime."""

import copy

import torch
from torch import nn

from profilers.prepared import Missing, PreparedCall
from profilers.targets import Target

_INPUT_SEED = 0


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
        """Return one forward pass over random images of the target's size.

        With precision bfloat16 weights and images are bfloat16 throughout: autocast would
        convert the weights anew at every call. The thread count is the process's affair, see
        `pinned_threads`.
        """
        dtype = getattr(torch, target.precision)
        layout = (
            torch.channels_last if target.layout == "channels_last" else torch.contiguous_format
        )
        ready = copy.deepcopy(network).eval().requires_grad_(False)
        ready = ready.to(device=target.device, dtype=dtype, memory_format=layout)  # type: ignore[call-overload]
        images = _random_images(target).to(target.device, dtype, memory_format=layout)
        synchronise = torch.cuda.synchronize if target.device == "cuda" else None

        def call() -> object:
            with torch.inference_mode():
                output: object = ready(images)
            if synchronise is not None:
                synchronise()
            return output

        return call


def _random_images(target: Target) -> torch.Tensor:
    generator = torch.Generator().manual_seed(_INPUT_SEED)
    shape = (target.batch, 3, target.lr_height_px, target.lr_width_px)
    return torch.rand(shape, generator=generator)
