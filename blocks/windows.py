"""Images cut into overlapping square patches, and enlarged patches put together again.

These are no tiles (`tiling`): their size and places are part of what a network computes, so that
the last ones are not clipped but mirrored, and where they overlap they are blended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

Seam = Callable[[int], Tensor]
"""From the width of an overlap in pixels to the later patch's share of each; the earlier has
the rest."""


def ramp(overlap_px: int) -> Tensor:
    """Shares that rise evenly from next to 0 at the border of the later patch to next to 1."""
    return (torch.arange(overlap_px) + 0.5) / overlap_px


def halves(overlap_px: int) -> Tensor:
    """The same share for both patches: their mean, as in ClassSR."""
    return torch.full((overlap_px,), 0.5)


@dataclass(frozen=True)
class Windows:
    """A grid of square windows from the top left corner, each at most half over the next."""

    rows: int
    columns: int
    size_px: int
    stride_px: int

    @classmethod
    def covering(cls, images: Tensor, size_px: int, stride_px: int) -> Self:
        """The windows that cover all of the images, the last ones reaching beyond them."""
        rows, columns = (-(-steps // stride_px) + 1 for steps in _steps_px(images, size_px))
        return cls(rows, columns, size_px, stride_px)

    @classmethod
    def inside(cls, images: Tensor, size_px: int, stride_px: int) -> Self:
        """The windows that lie inside the images, which may leave a rest of these uncovered."""
        rows, columns = (steps // stride_px + 1 for steps in _steps_px(images, size_px))
        return cls(rows, columns, size_px, stride_px)

    @property
    def height_px(self) -> int:
        return (self.rows - 1) * self.stride_px + self.size_px

    @property
    def width_px(self) -> int:
        return (self.columns - 1) * self.stride_px + self.size_px

    def fit(self, images: Tensor) -> Tensor:
        """The images mirrored at the right and bottom, or cropped there, to what is covered.

        Shape: (N, 3, h, w) -> (N, 3, height_px, width_px).
        """
        below = max(0, self.height_px - images.shape[2])
        beside = max(0, self.width_px - images.shape[3])
        mirrored = F.pad(images, (0, beside, 0, below), mode="reflect")
        return mirrored[:, :, : self.height_px, : self.width_px]

    def cut(self, images: Tensor) -> Tensor:
        """The patches of the images, image by image and row by row.

        Shape: (N, 3, h, w) -> (N rows columns, 3, size_px, size_px).
        """
        size, stride = self.size_px, self.stride_px
        patches = self.fit(images).unfold(2, size, stride).unfold(3, size, stride)
        return patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, images.shape[1], size, size)

    def weights(self, scale: int, seam: Seam) -> tuple[Tensor, Tensor]:
        """The weights of the pixels of enlarged patches, which sum to 1 in every pixel.

        Those at the outer borders of the grid are 1.

        Returns:
            For every row the weights along the height, shape (rows, scale size_px), and for
            every column those along the width, shape (columns, scale size_px).
        """
        size, overlap = scale * self.size_px, scale * (self.size_px - self.stride_px)
        later_share = seam(overlap)

        def along(count: int) -> Tensor:
            weights = torch.ones(count, size)
            weights[1:, :overlap] = later_share
            weights[:-1, size - overlap :] = 1 - later_share
            return weights

        return along(self.rows), along(self.columns)


def _steps_px(images: Tensor, size_px: int) -> tuple[int, int]:
    """How far a window can move down and right. Tracing, as fvcore does, makes shapes tensors."""
    height, width = (int(length) for length in images.shape[2:])
    return height - size_px, width - size_px


class Canvas:
    """Enlarged images under construction: patches are added in any order and any company.

    Only the patches at hand are held beside the images, and each is added while it is in cache.

    Attributes:
        images: (N, 3, scale h, scale w), without what the windows cover beyond the images, and
            in the memory layout of these.
    """

    def __init__(self, images: Tensor, windows: Windows, scale: int, seam: Seam) -> None:
        height = scale * min(images.shape[2], windows.height_px)
        width = scale * min(images.shape[3], windows.width_px)
        is_channels_last = images.is_contiguous(memory_format=torch.channels_last)
        self.images = torch.zeros(
            (*images.shape[:2], height, width), dtype=images.dtype, device=images.device
        ).contiguous(
            memory_format=torch.channels_last if is_channels_last else torch.contiguous_format
        )
        self._windows = windows
        self._stride_px = scale * windows.stride_px
        self._size_px = scale * windows.size_px
        self._along_height, self._along_width = (
            weights.to(self.images) for weights in windows.weights(scale, seam)
        )

    def add(self, patches: Tensor, places: Sequence[int]) -> None:
        """Add enlarged patches, each of which has the given place in the order of `cut`.

        Shape: (number of places, 3, scale size_px, scale size_px).
        """
        columns, in_image = self._windows.columns, self._windows.rows * self._windows.columns
        rows_of = [place % in_image // columns for place in places]
        columns_of = [place % columns for place in places]
        weights = (
            self._along_height[rows_of][:, None, :, None]
            * self._along_width[columns_of][:, None, None, :]
        )
        weighted = patches * weights
        if weighted.is_meta:
            # Nothing is computed there: one addition moves as many bytes as those to the images.
            weighted += weighted
            return
        for place, row, column, patch in zip(places, rows_of, columns_of, weighted, strict=True):
            top, left = row * self._stride_px, column * self._stride_px
            target = self.images[
                place // in_image, :, top : top + self._size_px, left : left + self._size_px
            ]
            target += patch[:, : target.shape[1], : target.shape[2]]


def stitch(patches: Tensor, images: Tensor, windows: Windows, scale: int, seam: Seam) -> Tensor:
    """What a canvas gives once it has all patches, in few operators: for graphs of fixed size.

    Shape: (N rows columns, 3, scale size_px, scale size_px) -> (N, 3, scale h, scale w).
    """
    rows, columns, size = windows.rows, windows.columns, scale * windows.size_px
    along_height, along_width = (w.to(patches) for w in windows.weights(scale, seam))
    weights = along_height[:, None, None, :, None] * along_width[:, None, None, :]
    weighted = patches.reshape(-1, rows, columns, patches.shape[1], size, size) * weights
    enlarged = F.fold(
        weighted.permute(0, 3, 4, 5, 1, 2).flatten(4).flatten(1, 3),
        (scale * windows.height_px, scale * windows.width_px),
        kernel_size=size,
        stride=scale * windows.stride_px,
    )
    return enlarged[:, :, : scale * images.shape[2], : scale * images.shape[3]]
