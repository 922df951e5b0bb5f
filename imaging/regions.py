"""Where a photograph is flat, where it has an edge, and where it has texture.

The rule compares the eigenvalues of the structure tensor: the products of the gradient's components
in Y, smoothed by a Gaussian. Their sum is the squared gradient near a pixel, and the smaller one is
what remains of it along the direction in which the image changes least. Little of both is flat;
much of one is an edge, much of both is texture. Source: Harris and Stephens 1988, whose corners are
counted as texture here.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from imaging.metrics import luma

Region = Literal["flat", "edge", "texture"]

SIGMA_PX = 1.5
"""Of the Gaussian, as in SSIM's window."""
FLAT_BELOW = 4.0
"""The root mean square of the gradient below which a pixel is flat, in levels of Y per pixel."""
EDGE_BELOW = 0.15
"""The ratio of the smaller eigenvalue to the larger one below which the rest is an edge."""
RULE = (
    f"flat: the gradient of Y near a pixel (Gaussian, sigma {SIGMA_PX:g} px) is below "
    f"{FLAT_BELOW:g} levels per pixel; edge: its square across the main direction is below "
    f"{EDGE_BELOW:.0%} of that along it; texture: the rest"
)


def regions(pixels: NDArray[np.uint8]) -> Mapping[Region, NDArray[np.bool_]]:
    """Which pixels are flat, edge and texture; each pixel is of one region.

    Shape: (H, W, 3), at least 2 x 2 -> (H, W) for each region.
    """
    down, across = map(np.asarray, np.gradient(luma(pixels)))
    xx, yy, xy = _smoothed(across * across), _smoothed(down * down), _smoothed(across * down)
    total = xx + yy
    difference = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    larger, smaller = (total + difference) / 2, (total - difference) / 2
    flat = total < FLAT_BELOW**2
    edge = ~flat & (smaller < EDGE_BELOW * larger)
    return {"flat": flat, "edge": edge, "texture": ~flat & ~edge}


def _smoothed(product: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(gaussian_filter(product, SIGMA_PX, mode="nearest"))
