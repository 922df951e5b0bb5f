"""Photographs as uint8 RGB pixels: a folder of image files, or those inside scikit-image."""

import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from foundation.available_memory import available_memory_bytes
from imaging.decoding import GRAYSCALE, conversion_notes, decode, decoded_bytes

BUNDLED = "bundled"

_BUNDLED_FILES = {
    "training": (
        "astronaut.png",
        "brick.png",
        "coffee.png",
        "coins.png",
        "grass.png",
        "gravel.png",
        "motorcycle_left.png",
        "retina.jpg",
    ),
    "validation": ("camera.png", "chelsea.png", "rocket.jpg"),
}
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True)
class Image:
    """One decoded photograph."""

    name: str
    """The file's name."""
    pixels: NDArray[np.uint8]
    """Shape: (H, W, 3), RGB; a `numpy.memmap` where it does not lie in memory."""
    is_gray: bool
    """The file has one channel; `pixels` repeats it."""


@dataclass(frozen=True)
class ImageSet:
    """Photographs in the order of their names, and what was done to them."""

    images: tuple[Image, ...]
    notes: tuple[str, ...]
    """One line per kind of conversion, to be told once."""


def load_images(
    source: str,
    *,
    split: Literal["training", "validation"],
    memory_limit_bytes: int | None = None,
) -> ImageSet:
    """The photographs of a folder, or for "bundled" those of `split` inside scikit-image.

    Each is decoded once. Where their pixels would take more than `memory_limit_bytes` (by default
    half of the available memory) they lie in a temporary memory-mapped file, which a note says.

    Raises:
        ValueError: the folder is missing or holds no image, an image cannot be decoded, or the
            temporary file does not fit.
    """
    paths = _bundled_paths(split) if source == BUNDLED else _image_paths(Path(source).expanduser())
    limit_bytes = (
        available_memory_bytes() // 2 if memory_limit_bytes is None else memory_limit_bytes
    )
    total_bytes = sum(decoded_bytes(path) for path in paths)
    counts: Counter[str] = Counter()
    decoded = _decode_all(paths, counts)
    if total_bytes <= limit_bytes:
        images = tuple(decoded)
        return ImageSet(images, tuple(conversion_notes(counts, len(images))))
    images = tuple(_memory_mapped(decoded))
    note = (
        f"the decoded images take {_gib(total_bytes)}, more than the {_gib(limit_bytes)} that may "
        f"lie in memory: they are memory-mapped in {tempfile.gettempdir()} (TMPDIR)"
    )
    return ImageSet(images, (*conversion_notes(counts, len(images)), note))


def _bundled_paths(split: Literal["training", "validation"]) -> list[Path]:
    folder = Path(str(files("skimage"))) / "data"
    paths = [folder / name for name in _BUNDLED_FILES[split]]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise ValueError(
            "the bundled photographs must come with scikit-image, but this one lacks "
            f"{', '.join(missing)}: install scikit-image from its wheel, or name a folder"
        )
    return paths


def _image_paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "does not exist"
        raise ValueError(
            f"images must lie in a folder, but '{folder}' {problem}: name a folder or '{BUNDLED}'"
        )
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and not path.is_dir()
    )
    if not paths:
        raise ValueError(
            f"an image folder must hold {', '.join(sorted(_SUFFIXES))} files, but '{folder}' holds "
            "none: name the folder they lie in (folders inside it are not read)"
        )
    return paths


def _decode_all(paths: Iterable[Path], counts: Counter[str]) -> Iterator[Image]:
    """Yields the images one by one and counts the kinds of conversion they needed."""
    for path in paths:
        pixels, kinds = decode(path)
        counts.update(kinds)
        yield Image(path.name, pixels, GRAYSCALE in kinds)


def _memory_mapped(images: Iterable[Image]) -> Iterator[Image]:
    """The same images, their pixels in one nameless temporary file that vanishes with them."""
    places: list[tuple[str, bool, tuple[int, ...], int]] = []
    with tempfile.TemporaryFile() as file:
        for image in images:
            places.append((image.name, image.is_gray, image.pixels.shape, file.tell()))
            _write(file, image.pixels)
        # Copy-on-write, since torch warns of memory that it may not write to.
        mapped = np.memmap(file, np.uint8, mode="c")
    for name, is_gray, shape, start in places:
        yield Image(name, mapped[start : start + math.prod(shape)].reshape(shape), is_gray)


def _write(file: IO[bytes], pixels: NDArray[np.uint8]) -> None:
    try:
        file.write(pixels.data)
        file.flush()
    except OSError as error:
        raise ValueError(
            f"decoded images must fit into memory or into {tempfile.gettempdir()}, but writing "
            f"there failed ({error}): set TMPDIR to a folder with more room"
        ) from error


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.3g} GiB"
