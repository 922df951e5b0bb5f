"""Smaller copies of training images, in memory or on disk as the images are.

Source: ClassSR (Kong et al. 2021, arXiv:2103.04039), which trains on DIV2K at 1, 0.9, 0.8, 0.7
and 0.6 of its size.
"""

import math
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from imaging.images import Image
from imaging.imresize import imresize


def with_rescaled(
    images: Sequence[Image], sizes: Sequence[float], *, smallest_px: int
) -> tuple[Image, ...]:
    """The images, and of each the copies by MATLAB's imresize, of these fractions of its size.

    A copy with a side of less than `smallest_px` is left out.
    """
    # Of the number as it was written: 0.6 is 3/5, and 3/5 of 10 pixels are 6.
    fractions = [Fraction(str(size)) for size in sizes]
    return tuple(
        image
        for original in images
        for image in (original, *(_copy(original, fraction) for fraction in fractions))
        if image is original or min(image.pixels.shape[:2]) >= smallest_px
    )


def _copy(image: Image, fraction: Fraction) -> Image:
    resized = imresize(image.pixels, fraction)
    mapped = isinstance(image.pixels, np.memmap)
    if mapped:
        stored = allocate(resized.shape, np.uint8, mapped)
        stored[:] = resized
        resized = stored
    return Image(f"{image.name} at {float(fraction):g}", resized, image.is_gray)


def allocate(shape: tuple[int, ...], dtype: DTypeLike, mapped: bool) -> NDArray[Any]:
    """An array of any values, in memory or, if `mapped`, in a temporary file of its own."""
    if not mapped:
        return np.empty(shape, dtype)
    # The file has no name: the disk space is free again when the last array of it is gone.
    with tempfile.TemporaryFile() as file:
        file.truncate(math.prod(shape) * np.dtype(dtype).itemsize)
        return np.memmap(file, dtype, mode="r+", shape=shape)
