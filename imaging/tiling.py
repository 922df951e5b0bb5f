"""What is computed piece by piece, so that the memory needed does not grow with the image.

A piece reads more than is kept of it, as far as an output pixel sees; the rest is dropped. Where
overlapping pieces are blended instead, see `windows`.
"""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
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
class Span:
    """Along one side: what is kept of a piece, and what is read for it."""

    start: int
    stop: int
    read_start: int
    read_stop: int

    @property
    def read(self) -> slice:
        """What is read."""
        return slice(self.read_start, self.read_stop)

    def kept(self, scale: int) -> slice:
        """Where the piece lies in the enlarged whole."""
        return slice(self.start * scale, self.stop * scale)

    def inside(self, scale: int) -> slice:
        """Where the piece lies in what became of the part that was read."""
        return slice((self.start - self.read_start) * scale, (self.stop - self.read_start) * scale)


def spans(length_px: int, piece_px: int, margin_px: int, grid_px: int = 1) -> Iterator[Span]:
    """The pieces of a side, each read with a margin that is widened to a grid."""
    for start in range(0, length_px, piece_px):
        stop = min(start + piece_px, length_px)
        read_start = max(0, start - margin_px) // grid_px * grid_px
        read_stop = -(-(stop + margin_px) // grid_px) * grid_px
        yield Span(start, stop, read_start, min(read_stop, length_px))


def tiled(enlarge: Enlarge[Pixel], scale: int, tiling: Tiling) -> Enlarge[Pixel]:
    """Return `enlarge`, (h, w, 3) -> (scale h, scale w, 3), for images of any size.

    An image that `tiling` does not cut is enlarged whole.
    """

    def enlarge_in_tiles(pixels: NDArray[np.uint8]) -> NDArray[Pixel]:
        height, width = pixels.shape[:2]
        if not tiling.cuts(height, width):
            return enlarge(pixels)
        whole: NDArray[Pixel] | None = None
        for rows, columns in product(_spans(height, tiling), _spans(width, tiling)):
            enlarged = enlarge(pixels[rows.read, columns.read])
            if whole is None:
                whole = np.empty((scale * height, scale * width, 3), enlarged.dtype)
            whole[rows.kept(scale), columns.kept(scale)] = enlarged[
                rows.inside(scale), columns.inside(scale)
            ]
        assert whole is not None  # an image that is cut has pixels
        return whole

    return enlarge_in_tiles


def _spans(length_px: int, tiling: Tiling) -> Iterator[Span]:
    return spans(length_px, tiling.tile_px, tiling.margin_px, _GRID_PX)
