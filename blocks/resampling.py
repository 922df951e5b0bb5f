"""Interpolation by a whole factor: the same for a pixel wherever in the image it lies.

PyTorch's `interpolate` finds source positions in single precision. At x3 these are off by 1e-4
of a pixel at the far side of a large image, so that a tile, cut from there, would get other
values than the image. Here every phase of the output has its fixed weights.
"""

from functools import reduce
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

InterpolationMode = Literal["bicubic", "bilinear"]

# Keys 1981 with PyTorch's choice of the free parameter.
_SHARPNESS = -0.75
# The furthest source pixel that has a weight.
_REACH_PX = 2


def interpolate(images: Tensor, scale: int, mode: InterpolationMode) -> Tensor:
    """The images enlarged without antialiasing, borders repeated, as by PyTorch's `interpolate`.

    Shape: (N, C, h, w) -> (N, C, scale h, scale w), in the memory layout of the images.
    """
    padded = F.pad(images, (_REACH_PX,) * 4, mode="replicate")
    weights = _weights(scale, mode)
    if images.is_contiguous(memory_format=torch.channels_last):
        rows = padded.permute(0, 2, 3, 1)
        return _along(_along(rows, 1, weights), 2, weights).permute(0, 3, 1, 2)
    return _along(_along(padded, 2, weights), 3, weights)


def _along(padded: Tensor, dim: int, weights: list[dict[int, float]]) -> Tensor:
    size = padded.shape[dim] - 2 * _REACH_PX

    def phase(taps: dict[int, float]) -> Tensor:
        parts = (padded.narrow(dim, start, size) * weight for start, weight in taps.items())
        return reduce(torch.add, parts)

    return torch.stack([phase(taps) for taps in weights], dim + 1).flatten(dim, dim + 1)


def _weights(scale: int, mode: InterpolationMode) -> list[dict[int, float]]:
    """For every phase of the output the weights of the source pixels from -2 px on."""
    kernel = _triangle if mode == "bilinear" else _cubic
    phases = []
    for phase in range(scale):
        # Pixels are squares: the middle of the phase, counted from that of its source pixel.
        position_px = (2 * phase + 1 - scale) / (2 * scale)
        distances_px = (abs(offset - position_px) for offset in range(-_REACH_PX, _REACH_PX + 1))
        weights = (kernel(distance_px) for distance_px in distances_px)
        phases.append({start: weight for start, weight in enumerate(weights) if weight})
    return phases


def _triangle(distance_px: float) -> float:
    return max(0.0, 1 - distance_px)


def _cubic(distance_px: float) -> float:
    x, a = distance_px, _SHARPNESS
    if x <= 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    if x < 2:
        return a * (((x - 5) * x + 8) * x - 4)
    return 0.0
