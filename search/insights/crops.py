"""Cut-outs of restored images, side by side: bicubic, candidates, the original."""

import io
import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from foundation import atomic_folder
from imaging.evaluation import Upscaler, ValidationPair, bicubic_upscaler
from imaging.metrics import luma, psnr_y_db
from reports.page.insights import CROPS_FOLDER, Crop, Strip

SIDE_PX = 64
STRIPS = 2
_IMAGES = 8
"""So many of the validation images are looked at, from the first on."""
_MARGIN_PX = 64
"""Around a cut-out of the low-resolution image, so that its own edge hardly shows."""


@dataclass(frozen=True)
class CropCandidate:
    """A network whose images are shown."""

    trial: int
    arch_id: str
    upscale: Callable[[], Upscaler]
    """Loads it."""


@dataclass(frozen=True)
class _Place:
    """A square of an original."""

    pair: ValidationPair
    top_px: int
    left_px: int
    side_px: int
    error: float
    """The mean squared error of bicubic on Y in it."""

    def of(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        bottom, right = self.top_px + self.side_px, self.left_px + self.side_px
        return image[self.top_px : bottom, self.left_px : right]

    def restored(self, upscale: Upscaler) -> NDArray[np.uint8]:
        """The square, restored from as much of the low-resolution image as decides about it."""
        scale, low = self.pair.scale, self.pair.low
        first = [max(0, start // scale - _MARGIN_PX) for start in (self.top_px, self.left_px)]
        last = [
            min(size, math.ceil((start + self.side_px) / scale) + _MARGIN_PX)
            for start, size in zip((self.top_px, self.left_px), low.shape[:2], strict=True)
        ]
        image = upscale(np.ascontiguousarray(low[first[0] : last[0], first[1] : last[1]]))
        top, left = self.top_px - scale * first[0], self.left_px - scale * first[1]
        return image[top : top + self.side_px, left : left + self.side_px]


def write_crops(
    run_dir: Path, pairs: Sequence[ValidationPair], candidates: Sequence[CropCandidate]
) -> tuple[Strip, ...]:
    """Replace the cut-outs of a run; return what they show.

    They lie where bicubic restores worst, each in an image of its own.

    Raises:
        ValueError: a candidate's checkpoint is missing or its output not finite.
        OSError: the folder cannot be written.
    """
    places = sorted(map(_worst, pairs[:_IMAGES]), key=lambda place: -place.error)[:STRIPS]
    upscalers = {candidate: candidate.upscale() for candidate in candidates}
    shutil.rmtree(run_dir / CROPS_FOLDER, ignore_errors=True)
    with atomic_folder(run_dir / CROPS_FOLDER) as folder:
        return tuple(
            Strip(
                image=place.pair.name,
                left_px=place.left_px,
                top_px=place.top_px,
                side_px=place.side_px,
                crops=tuple(_crops(place, number, upscalers, folder)),
            )
            for number, place in enumerate(places)
        )


def _worst(pair: ValidationPair) -> _Place:
    """Where the bicubic enlargement of an image differs most from it."""
    restored = bicubic_upscaler(pair.scale)(pair.low)
    squared = (luma(restored) - luma(pair.high)) ** 2
    side = min(SIDE_PX, *squared.shape)
    means = uniform_filter(squared, side)
    # Only windows that lie wholly inside: the filter centres them.
    before, after = side // 2, side - side // 2
    height, width = squared.shape
    inside = means[before : height - after + 1, before : width - after + 1]
    top, left = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return _Place(pair, int(top), int(left), side, float(inside[top, left]))


def _crops(
    place: _Place, number: int, upscalers: Mapping[CropCandidate, Upscaler], folder: Path
) -> Iterator[Crop]:
    original = place.of(place.pair.high)
    bicubic = bicubic_upscaler(place.pair.scale)
    shown: list[tuple[str, int | None, NDArray[np.uint8]]] = [
        ("bicubic", None, place.restored(bicubic)),
        *((it.arch_id, it.trial, place.restored(up)) for it, up in upscalers.items()),
        ("original", None, original),
    ]
    for label, trial, pixels in shown:
        name = f"{number}-{label if trial is None else f'trial-{trial}'}.png"
        (folder / name).write_bytes(_png(pixels))
        psnr_db = psnr_y_db(pixels, original, border_px=0)
        known = psnr_db if math.isfinite(psnr_db) else None
        yield Crop(label=label, trial=trial, file=name, psnr_y_db=known)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(content, "PNG", optimize=True)
    return content.getvalue()
