"""Networks as functions of uint8 images, which is what files hold and metrics compare."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from blocks.module_state import evaluation_mode


def network_upscaler(
    network: nn.Module, *, device: str | torch.device = "cpu"
) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """The network, moved to `device` and run in eval mode, as a function of uint8 images.

    The network sees (1, 3, h, w) float32 in [0, 1], channels last; its output is clamped and
    rounded. Each module keeps its training flag. The function raises ValueError when the output
    is not finite, and lets the network refuse what is too small for it.

    Shape of the function: (h, w, 3) -> (scale h, scale w, 3).
    """
    network.to(device)

    def upscale(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        with evaluation_mode(network), torch.inference_mode():
            return to_pixels(network(to_images(pixels, device)))

    return upscale


def program_upscaler(
    program: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """What runs (N, 3, h, w) float32 images in [0, 1], as a function of uint8 images.

    Shape of the function: (h, w, 3) -> (scale h, scale w, 3).
    """

    def upscale(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        images = to_images(pixels, "cpu").contiguous()
        return to_pixels(torch.from_numpy(program(images.numpy())))

    return upscale


def to_images(pixels: NDArray[np.uint8], device: str | torch.device) -> Tensor:
    """Shape: (h, w, 3) uint8 -> (1, 3, h, w) float32, channels last in memory as pixels are."""
    return torch.tensor(pixels, device=device).permute(2, 0, 1)[None].float().div(255)


def to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """The one image, clamped to [0, 1] and rounded. Shape: (1, 3, H, W) -> (H, W, 3) uint8.

    Raises:
        ValueError: a value is not finite.
    """
    if not images.isfinite().all():
        raise ValueError("the network's output must be finite, got NaN or infinity: train it anew")
    rounded = images[0].float().clamp(0, 1).mul(255).round().to(torch.uint8)
    pixels: NDArray[np.uint8] = rounded.permute(1, 2, 0).cpu().numpy()
    return pixels
