"""PSNR and SSIM on the Y channel, as the super-resolution papers report them.

Source: Y of ITU-R BT.601 in MATLAB's `rgb2ycbcr` scaling; SSIM of Wang et al. 2004, eq. 13, with an
11x11 Gaussian window (sigma 1.5), K = (0.01, 0.03), L = 255. Departures: Y is not rounded.

An image file of one channel is compared like any other, on Y of its RGB form, as published
networks were. Published bicubic figures are of the raw values of such files: those of Set14, of
whose fourteen files one has one channel, are 30.24, 27.55 and 26.00 dB at x2, x3 and x4, where Y
gives 30.325, 27.631 and 26.088 dB.
"""

import math

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

SSIM_WINDOW_PX = 11

_PEAK = 255.0
_LUMA_WEIGHTS = np.array([65.738, 129.057, 25.064])

# A step of one gray level is 219.859 / 256 of a step in Y.
GRAY_PSNR_SHIFT_DB = 20 * math.log10(256 / _LUMA_WEIGHTS.sum())
"""By how much PSNR on Y exceeds that of the raw values where both images are gray: 1.3218 dB."""


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Y = 16 + (65.738 R + 129.057 G + 25.064 B) / 256, not rounded, in 16..235.

    Shape: (H, W, 3) -> (H, W).
    """
    return np.asarray(16.0 + pixels.astype(np.float64) @ _LUMA_WEIGHTS / 256.0)


def psnr_y_db(restored: NDArray[np.uint8], original: NDArray[np.uint8], *, border_px: int) -> float:
    """10 log10(255^2 / mean squared error) on Y, without `border_px` pixels at each side.

    Shape: both images (H, W, 3). Identical images give infinity.

    Raises:
        ValueError: the images are not uint8 of one shape (H, W, 3), or the border leaves nothing.
    """
    channels = _luma_inside(restored, original, border_px, minimum_px=1)
    squared_error = float(np.mean((channels[0] - channels[1]) ** 2))
    return float(10 * np.log10(_PEAK**2 / squared_error)) if squared_error else float("inf")


def ssim_y(restored: NDArray[np.uint8], original: NDArray[np.uint8], *, border_px: int) -> float:
    """Mean structural similarity on Y over all windows inside the border, at most 1.

    Shape: both images (H, W, 3).

    Raises:
        ValueError: the images are not uint8 of one shape (H, W, 3), or the border leaves less than
            one window.
    """
    channels = _luma_inside(restored, original, border_px, minimum_px=SSIM_WINDOW_PX)
    # scikit-image leaves out the windows that reach beyond the image.
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            *channels,
            win_size=SSIM_WINDOW_PX,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            K1=0.01,
            K2=0.03,
            data_range=_PEAK,
        )
    )


def _luma_inside(
    restored: NDArray[np.uint8],
    original: NDArray[np.uint8],
    border_px: int,
    *,
    minimum_px: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Y of both images, without the border."""
    if restored.shape != original.shape or original.ndim != 3 or original.shape[2] != 3:
        raise ValueError(
            "images to compare must have one shape (H, W, 3), "
            f"got {restored.shape} and {original.shape}"
        )
    if restored.dtype != np.uint8 or original.dtype != np.uint8:
        raise ValueError(
            f"images to compare must be uint8, got {restored.dtype} and {original.dtype}"
        )
    height, width = original.shape[:2]
    if border_px < 0 or min(height, width) - 2 * border_px < minimum_px:
        raise ValueError(
            f"images to compare must leave at least {minimum_px}x{minimum_px} pixels inside "
            f"a border >= 0, got {height}x{width} with a border of {border_px}"
        )
    inside = np.s_[border_px : height - border_px, border_px : width - border_px]
    return luma(restored[inside]), luma(original[inside])
