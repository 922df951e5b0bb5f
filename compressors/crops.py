"""The images that a quantiser sees: crops of training images, and others to judge it by."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from imaging.evaluation import ValidationPair
from imaging.images import Image
from imaging.imresize import crop_to_multiple, downscale
from imaging.metrics import psnr_y_db

CROPS = 32
HELD_OUT_CROPS = 32
"""On 8 of them the worse of two schemes often seemed the better one."""
CROP_PX = 96
_HELD_OUT_SHARE = 4
"""Of so many images one is for the held-out crops."""


@dataclass(frozen=True)
class CropSettings:
    """Which crops are cut.

    Attributes:
        crops: how many the ranges of values are taken from.
        held_out: how many a scheme is judged by.
        side_px: their height and width at low resolution; smaller where no image is as large.
        seed: of their places.
    """

    crops: int = CROPS
    held_out: int = HELD_OUT_CROPS
    side_px: int = CROP_PX
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("crops", "held_out", "side_px"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


DEFAULT_CROPS = CropSettings()


@dataclass(frozen=True)
class Crops:
    """Crops of training images, all of one size.

    Attributes:
        calibration: low-resolution crops, which the ranges of values are taken from. Shape:
            (N, 3, h, w), float32 in [0, 1].
        held_out: low-resolution crops and their originals, from other images or, of a single
            image, from another part of it.
    """

    calibration: NDArray[np.float32]
    held_out: tuple[ValidationPair, ...]

    @property
    def side_px(self) -> int:
        """Height and width at low resolution."""
        return int(self.calibration.shape[-1])

    @property
    def scale(self) -> int:
        """By how much the originals are larger."""
        return self.held_out[0].scale

    @cached_property
    def held_out_images(self) -> NDArray[np.float32]:
        """The held-out crops at low resolution. Shape: (M, 3, h, w), in [0, 1]."""
        return _to_images([pair.low for pair in self.held_out])

    @cached_property
    def digest(self) -> str:
        """Ten hexadecimal digits of all the pixels."""
        digest = hashlib.sha256(repr(self.calibration.shape).encode())
        digest.update(np.ascontiguousarray(self.calibration).data)
        for pair in self.held_out:
            digest.update(np.ascontiguousarray(pair.low).data)
            digest.update(np.ascontiguousarray(pair.high).data)
        return digest.hexdigest()[:10]

    def psnr_y_db(self, enlarged: NDArray[np.float32]) -> float:
        """The mean PSNR on Y of the enlarged held-out crops, without a border of the scale.

        Crops that bicubic restores exactly, as it does those of one colour, count only where
        there is no other. Shape: (M, 3, scale h, scale w), in [0, 1].

        Raises:
            ValueError: a value is not finite.
        """
        if not np.isfinite(enlarged).all():
            raise ValueError("the enlarged crops must be finite, got NaN or infinity")
        pixels = (enlarged.clip(0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
        psnr_db = {
            number: psnr_y_db(restored, pair.high, border_px=self.scale)
            for number, (restored, pair) in enumerate(zip(pixels, self.held_out, strict=True))
        }
        told = [number for number in psnr_db if not self.held_out[number].is_exact_by_bicubic]
        return fmean(psnr_db[number] for number in told or psnr_db)


def draw_crops(
    images: Sequence[Image],
    scale: int,
    minimum_px: int = 1,
    settings: CropSettings = DEFAULT_CROPS,
) -> Crops:
    """Cut crops at random places of images chosen at random; the same for the same seed.

    Every fourth image is for the held-out crops; a single image is cut in two halves. Images are
    cropped to a multiple of `scale` and reduced as MATLAB does. Those that are smaller than the
    crops are left out.

    Raises:
        ValueError: there is no image, or the crops are smaller than `minimum_px`, the least that
            the network takes.
    """
    if not images:
        raise ValueError("calibration needs at least one training image, got none")
    generator = default_rng(settings.seed)
    sources = [image.pixels for image in images]
    if len(sources) == 1:
        sources = _halves(sources[0])
    sides_px = [min(pixels.shape[:2]) // scale for pixels in sources]
    side_px = min(settings.side_px, sorted(sides_px)[-2])  # one to calibrate by, one to judge by
    large = [pixels for pixels, side in zip(sources, sides_px, strict=True) if side >= side_px]
    if side_px < minimum_px:
        raise ValueError(
            f"calibration crops must have at least the {minimum_px} px a side at low resolution"
            f" that the network takes, got {side_px}: use larger images or crops"
        )
    order = generator.permutation(len(large))
    kept_back = max(1, len(large) // _HELD_OUT_SHARE)
    cut = _Cutter(scale, side_px, generator)
    held_out = cut.pairs([large[number] for number in order[:kept_back]], settings.held_out)
    calibration = cut.pairs([large[number] for number in order[kept_back:]], settings.crops)
    return Crops(_to_images([pair.low for pair in calibration]), tuple(held_out))


class _Cutter:
    """Cuts crops of one size, and reduces every image that it needs only once."""

    def __init__(self, scale: int, side_px: int, generator: Generator) -> None:
        self._scale, self._side_px, self._generator = scale, side_px, generator

    def pairs(self, sources: Sequence[NDArray[np.uint8]], count: int) -> list[ValidationPair]:
        """`count` crops, about equally many of each image, or one of so many images."""
        pairs: list[ValidationPair] = []
        used = sources[:count]
        for number, pixels in enumerate(used):
            high = crop_to_multiple(pixels, self._scale)
            low = downscale(high, self._scale)
            wanted = count // len(used) + (number < count % len(used))
            pairs += [self._pair(low, high, len(pairs) + place) for place in range(wanted)]
        return pairs

    def _pair(self, low: NDArray[np.uint8], high: NDArray[np.uint8], number: int) -> ValidationPair:
        side, scale = self._side_px, self._scale
        top, left = (self._generator.integers(size - side + 1) for size in low.shape[:2])
        inside = high[scale * top : scale * (top + side), scale * left : scale * (left + side)]
        return ValidationPair(
            f"crop {number + 1}", low[top : top + side, left : left + side], inside
        )


def _halves(pixels: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The two halves of an image along its longer side."""
    height, width = pixels.shape[:2]
    if height >= width:
        return [pixels[: height // 2], pixels[height // 2 :]]
    return [pixels[:, : width // 2], pixels[:, width // 2 :]]


def _to_images(pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Shape: each (h, w, 3) -> (N, 3, h, w), in [0, 1]."""
    stacked = np.stack(pixels).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(stacked, dtype=np.float32) / np.float32(255)
