"""The images that networks are timed and compared on."""

from collections.abc import Iterator
from itertools import count, islice

import numpy as np
import torch
from numpy.typing import NDArray

from imaging.bundled_photographs import bundled_photographs
from imaging.decoding import decode
from profilers.runtimes.targets import Target


def sample_images(target: Target) -> torch.Tensor:
    """Return photographs, the same at every call and a different one for each image of the batch.

    Noise would not do: what a network with masks or routes skips depends on the image.

    Shape: (batch, 3, lr_height_px, lr_width_px) of `target`, float32 in [0, 1] on the CPU, NCHW.
    """
    size = (target.lr_height_px, target.lr_width_px)
    batch = np.stack([_fit(pixels, size) for pixels in islice(_photographs(), target.batch)])
    return torch.from_numpy(batch).permute(0, 3, 1, 2).float().div(255).contiguous()


def _photographs() -> Iterator[NDArray[np.uint8]]:
    """Yield the photographs without end, mirrored and shifted by one more pixel in each round."""
    for turn in count():
        for path in bundled_photographs("timing"):
            pixels, _ = decode(path)
            yield np.roll(pixels[:, :: (-1) ** turn], turn // 2, axis=1)


def _fit(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the centre of an image, extended by mirroring where it is too small."""
    missing = [max(0, wanted - side) for wanted, side in zip(size, pixels.shape, strict=False)]
    around = [(lacking // 2, lacking - lacking // 2) for lacking in missing]
    padded = np.pad(pixels, (*around, (0, 0)), mode="symmetric")
    top, left = ((side - wanted) // 2 for wanted, side in zip(size, padded.shape, strict=False))
    return padded[top : top + size[0], left : left + size[1]]
