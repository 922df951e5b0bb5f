"""What an upscaler gives: PSNR and SSIM over a set of validation images."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from imaging.images import Image
from imaging.imresize import crop_to_multiple, downscale, upscale_bicubic
from imaging.metrics import SSIM_WINDOW_PX, psnr_y_db, ssim_y

Upscaler = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""(h, w, 3) -> (scale h, scale w, 3)."""


@dataclass(frozen=True)
class ValidationPair:
    """An original and its low-resolution image."""

    name: str
    low: NDArray[np.uint8]
    """Shape: (h, w, 3)."""
    high: NDArray[np.uint8]
    """Shape: (scale h, scale w, 3)."""

    @property
    def scale(self) -> int:
        return len(self.high) // len(self.low)

    @cached_property
    def is_exact_by_bicubic(self) -> bool:
        """Whether bicubic restores the original to the last bit, as it does a single colour."""
        restored = upscale_bicubic(self.low, self.scale)
        return math.isinf(psnr_y_db(restored, self.high, border_px=self.scale))


@dataclass(frozen=True)
class ImageQuality:
    """How close one restored image comes to its original."""

    name: str
    psnr_y_db: float
    ssim_y: float


@dataclass(frozen=True)
class Quality:
    """Means over the images, and each image's own figures.

    The means leave out what bicubic or the upscaler restores exactly, with an infinite PSNR, so
    that those of all upscalers are over the same images. Only where there is no other image are
    they over all.
    """

    psnr_y_db: float
    """The mean of the images' decibels."""
    ssim_y: float
    images: tuple[ImageQuality, ...]
    left_out: tuple[str, ...]
    """The names of the images that the means leave out."""


def prepare_validation(
    images: Sequence[Image], scale: int, low: Sequence[Image] | None = None
) -> tuple[ValidationPair, ...]:
    """Pairs of each image, cropped to a multiple of `scale`, and its low-resolution image.

    That is the MATLAB-exact reduction, unless those of all images are given as `low`.

    Raises:
        ValueError: an image is too small to be judged at this scale.
    """
    given = (None,) * len(images) if low is None else low
    return tuple(
        _validation_pair(image, scale, small) for image, small in zip(images, given, strict=True)
    )


def bicubic_upscaler(scale: int) -> Upscaler:
    """MATLAB's bicubic enlargement."""
    return partial(upscale_bicubic, scale=scale)


def evaluate_quality(upscale: Upscaler, pairs: Sequence[ValidationPair]) -> Quality:
    """The quality of `upscale` on `pairs`.

    Raises:
        ValueError: there are no pairs, or an image cannot be upscaled or compared (named).
    """
    if not pairs:
        raise ValueError("quality needs at least one validation image, got none")
    qualities = [_image_quality(upscale, pair) for pair in pairs]
    counted = [
        quality
        for pair, quality in zip(pairs, qualities, strict=True)
        if math.isfinite(quality.psnr_y_db) and not pair.is_exact_by_bicubic
    ] or qualities
    return Quality(
        psnr_y_db=fmean(image.psnr_y_db for image in counted),
        ssim_y=fmean(image.ssim_y for image in counted),
        images=tuple(qualities),
        left_out=tuple(quality.name for quality in qualities if quality not in counted),
    )


def exact_by_bicubic(pairs: Iterable[ValidationPair]) -> tuple[str, ...]:
    """The names of the images that bicubic restores exactly, so that no mean counts them."""
    return tuple(pair.name for pair in pairs if pair.is_exact_by_bicubic)


def left_out_notes(names: Sequence[str]) -> tuple[str, ...]:
    """What to tell of the images that a mean leaves out; nothing where there are none."""
    if not names:
        return ()
    return (
        "left out of the mean, since PSNR is infinite where bicubic or the model restores an image "
        f"exactly, as it does one of a single colour: {', '.join(names)}",
    )


def _validation_pair(image: Image, scale: int, low: Image | None) -> ValidationPair:
    height, width = image.pixels.shape[:2]
    minimum_px = SSIM_WINDOW_PX + 2 * scale
    if min(side - side % scale for side in (height, width)) < minimum_px:
        raise ValueError(
            f"a validation image must have at least {minimum_px} pixels a side, cropped to a "
            f"multiple of scale {scale}, got {height}x{width} ({image.name!r}): leave it out"
        )
    high = crop_to_multiple(image.pixels, scale)
    return ValidationPair(image.name, downscale(high, scale) if low is None else low.pixels, high)


def _image_quality(upscale: Upscaler, pair: ValidationPair) -> ImageQuality:
    try:
        restored = upscale(pair.low)
        psnr = psnr_y_db(restored, pair.high, border_px=pair.scale)
        ssim = ssim_y(restored, pair.high, border_px=pair.scale)
    except ValueError as error:
        raise ValueError(f"{error} (image {pair.name!r})") from error
    return ImageQuality(pair.name, psnr, ssim)
