"""MATLAB's bicubic `imresize` for uint8, to the last bit.

Source: Keys 1981, "Cubic convolution interpolation for digital image processing" (a = -0.5), as
MATLAB applies it: the kernel is stretched when shrinking (antialiasing), the border is mirrored,
the vertical pass comes first, and each pass ends in uint8. Departures: none.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

_CUBIC_SUPPORT_PX = 4
# Sums take eight times the memory of pixels: those of a whole large image would take gigabytes.
_COLUMNS_AT_ONCE = 2048


def imresize(pixels: NDArray[np.uint8], factor: Fraction | int) -> NDArray[np.uint8]:
    """The image resized by `factor`, bit-exact with MATLAB's `imresize(pixels, factor)`.

    Shape: (H, W) or (H, W, C) -> (ceil(factor H), ceil(factor W)) or the same with C.

    Raises:
        ValueError: pixels are not uint8, are empty or have another number of axes; factor <= 0.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.size == 0:
        raise ValueError(
            "imresize needs uint8 pixels of shape (H, W) or (H, W, C), "
            f"got {pixels.dtype} of shape {pixels.shape}"
        )
    if factor <= 0:
        raise ValueError(f"the resize factor must be > 0, got {factor}")
    rows_resized = _resize_rows(pixels, Fraction(factor))
    resized = _resize_rows(rows_resized.swapaxes(0, 1), Fraction(factor))
    return np.ascontiguousarray(resized.swapaxes(0, 1))


def crop_to_multiple(pixels: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """A view of the image, cropped at the right and bottom to multiples of `scale`.

    Shape: (H, W, ...) -> (H - H % scale, W - W % scale, ...).

    Raises:
        ValueError: a side is shorter than `scale`.
    """
    height, width = (side - side % scale for side in pixels.shape[:2])
    if not height or not width:
        raise ValueError(
            f"both sides must have at least {scale} pixels for scale {scale}, "
            f"got {pixels.shape[0]}x{pixels.shape[1]}"
        )
    return pixels[:height, :width]


def downscale(pixels: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """The low-resolution image of the super-resolution papers, of the image cropped to fit.

    Shape: (H, W, ...) -> (H // scale, W // scale, ...).
    """
    return imresize(crop_to_multiple(pixels, scale), Fraction(1, scale))


def upscale_bicubic(pixels: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """The image enlarged by MATLAB's bicubic, the baseline that every network must beat.

    Shape: (h, w, ...) -> (scale h, scale w, ...).
    """
    return imresize(pixels, scale)


def _resize_rows(pixels: NDArray[np.uint8], factor: Fraction) -> NDArray[np.uint8]:
    """Shape: (n, ...) -> (ceil(factor n), ...)."""
    flat = pixels.reshape(len(pixels), -1)
    weights = _row_weights(len(pixels), factor)
    resized = np.empty((weights.shape[0], flat.shape[1]), np.uint8)
    for start in range(0, flat.shape[1], _COLUMNS_AT_ONCE):
        columns = slice(start, start + _COLUMNS_AT_ONCE)
        # A sparse product adds the taps of each output in the order of the row, as MATLAB does.
        summed: NDArray[np.float64] = weights @ flat[:, columns].astype(np.float64)
        # All values are >= 0 after the clip: adding a half and truncating is MATLAB's rounding.
        resized[:, columns] = np.clip(summed, 0.0, 255.0) + 0.5
    return resized.reshape(-1, *pixels.shape[1:])


def _row_weights(size: int, factor: Fraction) -> csr_array:
    """The weights of each input row in each output row. Shape: (ceil(factor size), size)."""
    scale = float(factor)
    stretch = min(scale, 1.0)
    support_px = _CUBIC_SUPPORT_PX / stretch
    taps = int(np.ceil(support_px)) + 2
    output_size = -(-size * factor.numerator // factor.denominator)
    # Pixel centres, counted from 1: the corner of the first pixel is the fixed point.
    centres = np.arange(1, output_size + 1) / scale + 0.5 * (1 - 1 / scale)
    positions = np.floor(centres - support_px / 2)[:, None] + np.arange(taps)
    weights = stretch * _cubic(stretch * (centres[:, None] - positions))
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(size), np.arange(size)[::-1]])
    indices = mirrored[(positions.astype(np.int64) - 1) % (2 * size)]
    row_starts = np.arange(output_size + 1) * taps
    matrix = csr_array((weights.ravel(), indices.ravel(), row_starts), shape=(output_size, size))
    matrix.eliminate_zeros()
    return matrix


def _cubic(distance_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel with a = -0.5."""
    x = np.abs(distance_px)
    inner = 1.5 * x**3 - 2.5 * x**2 + 1
    outer = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, inner, np.where(x <= 2, outer, 0.0))
