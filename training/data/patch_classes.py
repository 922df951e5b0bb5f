"""Patches sorted by how hard they are, for branches that are each trained on one class.

Source: ClassSR (Kong et al. 2021, arXiv:2103.04039, section 3.4), which splits its training
patches into thirds by the PSNR of a trained network. Departures: by default by the error of bicubic
enlargement, which needs no network; a network enlarges the whole image, of which patches are cut,
instead of every patch alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocks.checkpoints import load_network
from blocks.pixels import network_upscaler
from imaging.evaluation import Upscaler, bicubic_upscaler
from imaging.images import Image
from imaging.imresize import crop_to_multiple, downscale
from training.recipes.recipe import BICUBIC

Integers = NDArray[np.int64]

GRID_PX = 4
"""Places lie so far apart, in low-resolution pixels: a quarter of what a patch overlaps."""
MAXIMUM_PLACES = 4_000_000
"""Of very many images the grid is made coarser, so that memory stays bounded."""


@dataclass(frozen=True)
class Place:
    """Where patches lie: number of the image, top and left in low-resolution pixels, (N,) each."""

    image: Integers
    top: Integers
    left: Integers


class PatchClasses:
    """The places of patches on a grid, in classes of equal size from the easiest to the hardest.

    How hard a patch is, is the mean squared error of `upscale`, by default bicubic, over RGB values
    from 0 to 255. The low-resolution images are made by `downscale` unless those of all images are
    given as `low`.

    Raises:
        ValueError: there are fewer places than classes.
    """

    def __init__(
        self,
        images: Sequence[Image],
        *,
        scale: int,
        lr_patch_px: int,
        classes: int,
        low: Sequence[Image] | None = None,
        upscale: Upscaler | None = None,
    ) -> None:
        low_pixels = sum(math.prod(image.pixels.shape[:2]) for image in images) // scale**2
        grid_px = max(GRID_PX, math.ceil(math.sqrt(low_pixels / MAXIMUM_PLACES)))
        given = (None,) * len(images) if low is None else [image.pixels for image in low]
        errors = [
            # Copied, so that the errors between the grid's places are let go.
            patch_errors(image.pixels, scale, lr_patch_px, small, upscale)[
                ::grid_px, ::grid_px
            ].copy()
            for image, small in zip(images, given, strict=True)
        ]
        self._grid_px = grid_px
        self._columns = np.array([error.shape[1] for error in errors])
        self._ends = np.cumsum([error.size for error in errors])
        every = np.concatenate([error.ravel() for error in errors])
        if len(every) < classes:
            raise ValueError(
                f"the training images must hold at least {classes} patches, one for each class, "
                f"got {len(every)}: name a folder with more or larger images"
            )
        self._order = np.argsort(every, kind="stable")
        self._bounds = class_bounds(len(every), classes)
        self.thresholds_mse = tuple(
            float(every[self._order[bound]]) for bound in self._bounds[1:-1]
        )
        """The least error of each class but the easiest."""
        self.mean_mse = tuple(
            float(every[self._order[start:end]].mean()) for start, end in pairwise(self._bounds)
        )

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def draw(self, uniform: NDArray[np.float64]) -> Place:
        """As many places of every class as `uniform` is long for it, ordered by class.

        Shape: (classes, N), values in [0, 1) -> places of classes N patches.
        """
        sizes = np.diff(self._bounds)[:, None]
        ranks = self._bounds[:-1, None] + (uniform * sizes).astype(np.int64)
        chosen = self._order[ranks.ravel()]
        image = np.searchsorted(self._ends, chosen, side="right")
        starts = np.concatenate([[0], self._ends[:-1]])
        row, column = np.divmod(chosen - starts[image], self._columns[image])
        return Place(image, row * self._grid_px, column * self._grid_px)


def class_bounds(patches: int, classes: int) -> Integers:
    """Where classes of equal size begin, and the last one ends, of so many sorted patches.

    Shape: (classes + 1,).
    """
    return np.linspace(0, patches, classes + 1).round().astype(np.int64)


def classing_upscaler(classes_by: str, scale: int, *, device: str) -> Upscaler:
    """Bicubic, or the trained network of a checkpoint, as the measure of how hard patches are.

    Raises:
        ValueError: the checkpoint is damaged or has another scale.
        OSError: it cannot be read.
    """
    if classes_by == BICUBIC:
        return bicubic_upscaler(scale)
    network = load_network(Path(classes_by))
    if network.config.scale != scale:
        raise ValueError(
            f"routing.classes_by must name a network for x{scale}, as the trained one, got "
            f"x{network.config.scale} in {classes_by}"
        )
    return network_upscaler(network, device=device)


def patch_errors(
    pixels: NDArray[np.uint8],
    scale: int,
    lr_patch_px: int,
    low: NDArray[np.uint8] | None = None,
    upscale: Upscaler | None = None,
) -> NDArray[np.float64]:
    """The mean squared error of the patch at each place of its top left pixel.

    By bicubic unless `upscale` is given.

    Shape: (H, W, 3) -> (H // scale - lr_patch_px + 1, W // scale - lr_patch_px + 1); of `low`, if
    it is given, (H // scale, W // scale, 3).
    """
    high = crop_to_multiple(pixels, scale)
    enlarge = upscale or bicubic_upscaler(scale)
    enlarged = enlarge(downscale(high, scale) if low is None else low)
    squared = ((enlarged.astype(np.int64) - high) ** 2).sum(axis=2)
    table = np.pad(squared, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)[::scale, ::scale]
    size = lr_patch_px
    sums = table[size:, size:] - table[:-size, size:] - table[size:, :-size] + table[:-size, :-size]
    return np.asarray(sums / (3 * (scale * size) ** 2))
