"""Photographs as uint8 RGB pixels: a folder of image files, or those inside scikit-image."""

import math
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import IO, Literal

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps

from training.available_memory import available_memory_bytes

BUNDLED = "bundled"
BUNDLED_FILES = {
    "training": (
        "astronaut.png", "brick.png", "coffee.png", "coins.png",
        "grass.png", "gravel.png", "motorcycle_left.png", "retina.jpg",
    ),
    "validation": ("camera.png", "chelsea.png", "rocket.jpg"),
}  # fmt: skip

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})

# What is done to images that are not plain 8-bit RGB, in the order in which it is told.
_CONVERSIONS = {
    "grayscale": "the channel is repeated, and quality is judged by its raw values",
    "stored with 16 bits per channel": "reduced to 8 bits",
    "stored with an alpha channel": "it is dropped",
    "stored with a palette": "expanded to RGB",
    "stored in another colour space": "converted to RGB without a colour profile",
    "stored as several frames": "only the first is used",
}
# Pillow's modes; the others (float, 32-bit integers) have no known range of values.
_GRAY_MODES = frozenset({"1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N"})
_RGB_MODES = frozenset({"RGB", "RGBA", "RGBa", "RGBX"})
_PALETTE_MODES = frozenset({"P", "PA"})
_OTHER_COLOUR_MODES = frozenset({"CMYK", "YCbCr", "LAB", "HSV"})
_KNOWN_MODES = _GRAY_MODES | _RGB_MODES | _PALETTE_MODES | _OTHER_COLOUR_MODES


@dataclass(frozen=True)
class Image:
    """One decoded photograph."""

    name: str
    """The file's name."""
    pixels: NDArray[np.uint8]
    """Shape: (H, W, 3), RGB."""
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
    """The photographs of a folder, or those of `split` inside scikit-image for "bundled".

    Pixels are decoded once. Where they would take more than `memory_limit_bytes` (by default half
    of the available memory) they lie in a temporary memory-mapped file, which a note says.

    Raises:
        ValueError: the folder is missing or holds no image, or an image cannot be decoded.
    """
    paths = _bundled_paths(split) if source == BUNDLED else _image_paths(Path(source).expanduser())
    limit_bytes = (
        available_memory_bytes() // 2 if memory_limit_bytes is None else memory_limit_bytes
    )
    total_bytes = sum(_decoded_bytes(path) for path in paths)
    counts: Counter[str] = Counter()
    images = _decode_all(paths, counts)
    notes: list[str] = []
    if total_bytes > limit_bytes:
        images = _memory_mapped(images)
        notes.append(
            f"memory-mapped in {tempfile.gettempdir()} because the decoded images take "
            f"{_gib(total_bytes)} and at most {_gib(limit_bytes)} may lie in memory"
        )
    loaded = tuple(images)
    return ImageSet(loaded, tuple(_conversion_notes(counts, len(loaded)) + notes))


def _bundled_paths(split: Literal["training", "validation"]) -> list[Path]:
    folder = Path(str(files("skimage"))) / "data"
    paths = [folder / name for name in BUNDLED_FILES[split]]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise ValueError(
            f"the bundled photographs must come with scikit-image, got none of {missing}: "
            "install scikit-image from its wheel, or name a folder of images"
        )
    return paths


def _image_paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "does not exist"
        raise ValueError(f"images must lie in a folder, but '{folder}' {problem}: name a folder")
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not paths:
        raise ValueError(
            f"the folder must hold images ({', '.join(sorted(_SUFFIXES))}), but '{folder}' holds "
            "none: name the folder itself, not the one above it"
        )
    return paths


def _decoded_bytes(path: Path) -> int:
    with _opened(path) as image:
        return image.width * image.height * 3


def _decode_all(paths: Sequence[Path], counts: Counter[str]) -> Iterator[Image]:
    """Yields images one by one and counts the kinds of conversion they needed."""
    for path in paths:
        with _opened(path) as image:
            kinds = _kinds(image)
            pixels = _rgb_pixels(image)
        counts.update(kinds)
        yield Image(path.name, pixels, "grayscale" in kinds)


@contextmanager
def _opened(path: Path) -> Iterator[PIL.Image.Image]:
    """The file opened by Pillow, silently; whatever goes wrong becomes one ValueError."""
    try:
        with warnings.catch_warnings(action="ignore"), PIL.Image.open(path) as image:
            yield image
    except MemoryError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise ValueError(f"{_one_line(error)} ('{path}'): cut it into smaller images") from error
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files.
        raise ValueError(
            f"images must decode without error, but '{path}' does not ({_one_line(error)}): "
            "replace the file or remove it"
        ) from error


def _kinds(image: PIL.Image.Image) -> list[str]:
    """The keys of `_CONVERSIONS` that apply to an image opened but not yet decoded."""
    raw_mode = str(
        getattr(image, "tile", "")
    )  # Names the stored format where Pillow's mode does not tell it.
    applies = {
        "grayscale": image.mode in _GRAY_MODES or "'LA;16" in raw_mode,
        "stored with 16 bits per channel": ";16" in raw_mode,
        "stored with an alpha channel": image.has_transparency_data,
        "stored with a palette": image.mode in _PALETTE_MODES,
        "stored in another colour space": image.mode in _OTHER_COLOUR_MODES,
        "stored as several frames": getattr(image, "n_frames", 1) > 1,
    }
    return [kind for kind in _CONVERSIONS if applies[kind]]


def _rgb_pixels(image: PIL.Image.Image) -> NDArray[np.uint8]:
    """Shape: (H, W, 3), turned upright as EXIF says."""
    if image.mode not in _KNOWN_MODES:
        raise ValueError(f"pixels of mode {image.mode} have no known range: save 8 or 16 bits")
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        # 65535 / 255 = 257; Pillow itself would clip at 255.
        gray = (np.asarray(upright).astype(np.uint32) + 128) // 257
        return np.repeat(gray.astype(np.uint8)[..., None], 3, axis=2)
    # A copy, since Pillow's own memory is read-only and torch warns of that.
    return np.array(upright.convert("RGB"))


def _memory_mapped(images: Iterable[Image]) -> Iterator[Image]:
    """The same images, their pixels in one nameless temporary file that vanishes with them."""
    places: list[tuple[str, bool, tuple[int, ...], int]] = []
    with tempfile.TemporaryFile() as file:
        for image in images:
            places.append((image.name, image.is_gray, image.pixels.shape, file.tell()))
            _write(file, image.pixels)
        file.flush()
        # Copy-on-write, since torch warns of memory that it may not write to.
        mapped = np.asarray(np.memmap(file, np.uint8, mode="c"))
    for name, is_gray, shape, start in places:
        yield Image(name, mapped[start : start + math.prod(shape)].reshape(shape), is_gray)


def _write(file: IO[bytes], pixels: NDArray[np.uint8]) -> None:
    try:
        file.write(pixels.data)
    except OSError as error:
        raise ValueError(
            f"decoded images must fit into memory or into {tempfile.gettempdir()}, which failed "
            f"({_one_line(error)}): set TMPDIR to a folder with more room"
        ) from error


def _conversion_notes(counts: Counter[str], total: int) -> list[str]:
    return [
        f"{counts[kind]} of {total} images {'is' if counts[kind] == 1 else 'are'} {kind}: {what}"
        for kind, what in _CONVERSIONS.items()
        if counts[kind]
    ]


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.3g} GiB"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
