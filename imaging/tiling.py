"""Images enlarged tile by tile, so that the memory needed does not grow with the image."""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", bound=np.generic)
Enlarge = Callable[[NDArray[np.uint8]], NDArray[Pixel]]

# Where networks pool, their windows of 2, 4, 8 or 16 pixels then lie in a tile as in the image.
_GRID_PX = 16


@dataclass(frozen=True)
class Tiling:
    """How images are cut: square tiles, and around each what is read but not kept.

    Both in low-resolution pixels. A network whose output depends on no more than `margin_px`
    to each side gives the same image in tiles as in one piece.
    """

    tile_px: int
    margin_px: int

    def cuts(self, height_px: int, width_px: int) -> bool:
        """Whether an image has more pixels than one tile with its margins."""
        return height_px * width_px > (self.tile_px + 2 * self.margin_px) ** 2

    def pieces(self, height_px: int, width_px: int) -> int:
        """How many pieces an image is enlarged in."""
        if not self.cuts(height_px, width_px):
            return 1
        return math.ceil(height_px / self.tile_px) * math.ceil(width_px / self.tile_px)


WHOLE = Tiling(tile_px=sys.maxsize, margin_px=0)
"""Images are not cut."""


@dataclass(frozen=True)
class _Span:
    """Along one side: what a tile keeps, and what is read for it."""

    start: int
    stop: int
    read_start: int
    read_stop: int

    def kept(self, scale: int) -> slice:
        """Where the tile lies in the enlarged image."""
        return slice(self.start * scale, self.stop * scale)

    def inside(self, scale: int) -> slice:
        """Where the tile lies in what became of the part that was read."""
        return slice((self.start - self.read_start) * scale, (self.stop - self.read_start) * scale)


def tiled(enlarge: Enlarge[Pixel], scale: int, tiling: Tiling) -> Enlarge[Pixel]:
    """Return `enlarge`, (h, w, 3) -> (scale h, scale w, 3), for images of any size.

    An image that `tiling` does not cut is enlarged whole.
    """

    def enlarge_in_tiles(pixels: NDArray[np.uint8]) -> NDArray[Pixel]:
        height, width = pixels.shape[:2]
        if not tiling.cuts(height, width):
            return enlarge(pixels)
        whole: NDArray[Pixel] | None = None
        for rows in _spans(height, tiling):
            for columns in _spans(width, tiling):
                part = pixels[
                    rows.read_start : rows.read_stop, columns.read_start : columns.read_stop
                ]
                enlarged = enlarge(part)
                if whole is None:
                    whole = np.empty((scale * height, scale * width, 3), enlarged.dtype)
                whole[rows.kept(scale), columns.kept(scale)] = enlarged[
                    rows.inside(scale), columns.inside(scale)
                ]
        assert whole is not None  # an image that is cut has pixels
        return whole

    return enlarge_in_tiles


def _spans(size: int, tiling: Tiling) -> Iterator[_Span]:
    for start in range(0, size, tiling.tile_px):
        stop = min(start + tiling.tile_px, size)
        read_start = max(0, start - tiling.margin_px) // _GRID_PX * _GRID_PX
        read_stop = -(-(stop + tiling.margin_px) // _GRID_PX) * _GRID_PX
        yield _Span(start, stop, read_start, min(read_stop, size))
