"""Random training patches, gathered from images in memory or on disk by index arithmetic."""

import copy
import hashlib
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from imaging.images import Image
from imaging.imresize import downscale
from training.data.patch_classes import Integers, PatchClasses, classing_upscaler
from training.data.rescaled import allocate, with_rescaled
from training.distributed import ALONE, Processes
from training.recipes.recipe import Recipe


class PatchSampler:
    """Batches of aligned (low, high) resolution patches, each a pure function of seed and step.

    An image is drawn with equal probability, then a place in it, and one of the eight
    flips and rotations. Of `recipe.best_of` such draws the one whose low-resolution patch has
    the most gradient energy is kept; the energy of every place is computed once.

    The low-resolution images are made once by the MATLAB-exact `downscale`, unless those of all
    images are given as `low`. Where an image is memory-mapped, they and the energies live in a
    temporary file instead of memory.

    Smaller copies of the images, as `recipe.rescalings` asks for, are images as all others.

    With several `classes` a batch has as many patches of each, ordered by class from the
    easiest to the hardest, and every place of `PatchClasses` is drawn with equal probability. If
    `recipe.routing.classes_by` is a checkpoint, its network runs on `device` to sort them.

    Raises:
        ValueError: there is no image, one of them is smaller than a patch, they hold too few
            patches to be classed, copies were to be made of images whose low-resolution images are
            given, or the network for the classes is damaged or of another scale.
        OSError: the checkpoint of that network cannot be read.
    """

    def __init__(
        self,
        images: Sequence[Image],
        *,
        scale: int,
        recipe: Recipe,
        seed: int,
        classes: int = 1,
        low: Sequence[Image] | None = None,
        device: str = "cpu",
    ) -> None:
        _check_sizes(images, scale, recipe.lr_patch_px)
        if recipe.rescalings:
            if low is not None:
                raise ValueError(
                    f"recipe {recipe.name} adds smaller copies of the training images, which have "
                    "no low-resolution images beside those given: leave these out (--lr), or the "
                    "copies (--set rescalings=[])"
                )
            images = with_rescaled(
                images, recipe.rescalings, smallest_px=recipe.lr_patch_px * scale
            )
        self.scale = scale
        self.recipe = recipe
        self.seed = seed
        self.classes: PatchClasses | None = None
        if classes > 1:
            self.classes = PatchClasses(
                images,
                scale=scale,
                lr_patch_px=recipe.lr_patch_px,
                classes=classes,
                low=low,
                upscale=classing_upscaler(recipe.routing.classes_by, scale, device=device),
            )
        self.images_digest = _digest((*images, *(low or ())))
        self._high = [np.ascontiguousarray(image.pixels).reshape(-1, 3) for image in images]
        self._high_width = np.array([image.pixels.shape[1] for image in images])
        low_height = np.array([image.pixels.shape[0] // scale for image in images])
        self._low_width = self._high_width // scale
        self._places = np.stack([low_height, self._low_width], axis=1) - recipe.lr_patch_px + 1
        areas = low_height * self._low_width
        self._low_start = np.cumsum(areas) - areas
        mapped = any(isinstance(image.pixels, np.memmap) for image in images)
        self._low: NDArray[np.uint8] = allocate((areas.sum(), 3), np.uint8, mapped)
        # A single draw is not compared with anything.
        self._energy: NDArray[np.float32] | None = None
        if recipe.best_of > 1:
            self._energy = allocate((areas.sum(),), np.float32, mapped)
        for number, (start, area) in enumerate(zip(self._low_start, areas, strict=True)):
            pixels = downscale(images[number].pixels, scale) if low is None else low[number].pixels
            self._low[start : start + area] = pixels.reshape(-1, 3)
            if self._energy is not None:
                energy = _patch_energy(pixels, recipe.lr_patch_px)
                self._energy[start : start + area] = energy.ravel()

    def with_seed(self, seed: int) -> Self:
        """Return a sampler with another seed that shares the images of this one."""
        other = copy.copy(self)
        other.seed = seed
        return other

    def batch(self, step: int, processes: Processes = ALONE) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the patches of `step`: (N, 3, p, p) and (N, 3, sp, sp), float32 in [0, 1].

        N is the recipe's batch size times the classes, divided among the processes, p its
        `lr_patch_px`, s the scale. The memory format is channels_last.
        """
        image, top, left, transform = (
            drawn[processes.rank :: processes.count] for drawn in self._draw(step)
        )
        size = self.recipe.lr_patch_px
        low_indices = _patch_indices(top, left, self._low_width[image], size, transform)
        low_indices += self._low_start[image][:, None, None]
        high_indices = _patch_indices(
            top * self.scale,
            left * self.scale,
            self._high_width[image],
            size * self.scale,
            transform,
        )
        high = np.empty((*high_indices.shape, 3), np.uint8)
        for patch, indices in enumerate(high_indices):
            # The indices are inside the image; "clip" only spares NumPy a buffer.
            np.take(self._high[image[patch]], indices, axis=0, out=high[patch], mode="clip")
        return _to_tensor(self._low.take(low_indices, axis=0)), _to_tensor(high)

    def _draw(self, step: int) -> tuple[Integers, Integers, Integers, Integers]:
        """Return image, top, left (in low-resolution pixels) and transform of each patch."""
        # Philox turns a key into a stream without any warm-up, so every step has its own.
        key = np.array([self.seed % 2**64, step], dtype=np.uint64)
        generator = np.random.Generator(np.random.Philox(key=key))
        if self.classes is not None:
            place, turn = generator.random((2, len(self.classes), self.recipe.batch_size))
            drawn = self.classes.draw(place)
            return drawn.image, drawn.top, drawn.left, (turn.ravel() * 8).astype(np.int64)
        uniform = generator.random((4, self.recipe.batch_size, self.recipe.best_of))
        image = (uniform[0] * len(self._high)).astype(np.int64)
        top = (uniform[1] * self._places[image, 0]).astype(np.int64)
        left = (uniform[2] * self._places[image, 1]).astype(np.int64)
        kept = np.zeros(self.recipe.batch_size, np.int64)
        if self._energy is not None:
            place = self._low_start[image] + top * self._low_width[image] + left
            kept = self._energy[place].argmax(axis=1)
        row = np.arange(self.recipe.batch_size)
        transform = (uniform[3, :, 0] * 8).astype(np.int64)
        return image[row, kept], top[row, kept], left[row, kept], transform


def _check_sizes(images: Sequence[Image], scale: int, lr_patch_px: int) -> None:
    if not images:
        raise ValueError("training needs at least one image, got none: name a folder of images")
    side = lr_patch_px * scale
    for image in images:
        height, width = image.pixels.shape[:2]
        if min(height, width) < side:
            raise ValueError(
                f"a training image must be at least {side}x{side} pixels for patches of "
                f"{lr_patch_px} pixels at scale {scale}, got {height}x{width} in {image.name!r}: "
                "remove it, or choose a recipe with smaller patches"
            )


def _digest(images: Sequence[Image]) -> str:
    """Return a short name of a set of images, from their names and sizes."""
    facts = [(image.name, image.pixels.shape) for image in images]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:10]


def _patch_energy(low: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Return, for each place of a patch's top left pixel, the patch's gradient energy.

    The energy is the sum of the squared differences between horizontal and vertical
    neighbours of R + G + B inside the patch (without its last row and column, which have
    only one neighbour left). Shape (h, w); 0 where no patch fits. Exact, by a summed-area
    table of integers, before it is rounded to float32.
    """
    gray = low.sum(axis=2, dtype=np.int64)
    pixel = np.diff(gray, axis=1)[:-1] ** 2 + np.diff(gray, axis=0)[:, :-1] ** 2
    table = np.pad(pixel, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    reach = size - 1
    energy = np.zeros(gray.shape, np.float32)
    rows, columns = gray.shape[0] - reach, gray.shape[1] - reach
    energy[:rows, :columns] = (
        table[reach:, reach:] - table[:-reach, reach:] - table[reach:, :-reach]
    ) + table[:-reach, :-reach]
    return energy


def _patch_indices(
    top: Integers, left: Integers, width: Integers, size: int, transform: Integers
) -> Integers:
    """Return the places of patches' pixels in flattened images: (N, size, size).

    All of top, left, width and transform have shape (N,). Bit 0 of the transform mirrors
    the rows, bit 1 the columns, bit 2 exchanges rows and columns: together the eight
    symmetries of the square.
    """
    forward = np.arange(size)
    both = np.stack([forward, forward[::-1]])
    rows = (top[:, None] + both[transform & 1]) * width[:, None]
    columns = left[:, None] + both[transform >> 1 & 1]
    swapped = (transform >> 2 & 1).astype(bool)[:, None]
    down, across = np.where(swapped, columns, rows), np.where(swapped, rows, columns)
    indices: Integers = down[:, :, None] + across[:, None, :]
    return indices


def _to_tensor(pixels: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32).div_(255)
