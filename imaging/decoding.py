"""Image files of any common kind as uint8 RGB pixels, with a name for each conversion that took."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps

GRAYSCALE = "grayscale"

# What is told of images that are not plain 8-bit RGB, in this order. Of grayscale nothing is: its
# channel is repeated, and it is then an image like any other.
_CONVERSIONS = {
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


def decoded_bytes(path: Path) -> int:
    """The size of the decoded pixels, read from the file's header.

    Raises:
        ValueError: the file is no image, or declares more pixels than Pillow thinks safe.
    """
    with _opened(path) as image:
        return image.width * image.height * 3


def decode(path: Path) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The pixels, turned upright as EXIF says, and the kinds of conversion they needed.

    Shape: (H, W, 3), RGB. Gray of 16 bits is divided by 257 and rounded; of 16-bit colours Pillow
    reads the upper 8 bits.

    Raises:
        ValueError: the file is damaged, is no image, or has pixels of an unknown range.
    """
    with _opened(path) as image:
        kinds = _kinds(image)
        return _rgb_pixels(image), kinds


def conversion_notes(counts: Mapping[str, int], total: int) -> list[str]:
    """One line for each kind of conversion among `total` images."""
    return [
        f"{counts[kind]} of {total} images {'is' if counts[kind] == 1 else 'are'} {kind}: {what}"
        for kind, what in _CONVERSIONS.items()
        if counts.get(kind)
    ]


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


def _kinds(image: PIL.Image.Image) -> tuple[str, ...]:
    """The kinds of conversion that an image opened but not yet decoded needs."""
    stored_format = str(getattr(image, "tile", ""))  # Tells what Pillow's mode hides.
    applies = {
        GRAYSCALE: image.mode in _GRAY_MODES or "'LA;16" in stored_format,
        "stored with 16 bits per channel": ";16" in stored_format,
        "stored with an alpha channel": image.has_transparency_data,
        "stored with a palette": image.mode in _PALETTE_MODES,
        "stored in another colour space": image.mode in _OTHER_COLOUR_MODES,
        "stored as several frames": getattr(image, "n_frames", 1) > 1,
    }
    return tuple(kind for kind, needed in applies.items() if needed)


def _rgb_pixels(image: PIL.Image.Image) -> NDArray[np.uint8]:
    """Shape: (H, W, 3)."""
    if image.mode not in _KNOWN_MODES:
        raise ValueError(f"pixels of mode {image.mode} have no known range; 8 and 16 bits have")
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        # 65535 / 255 = 257; Pillow itself would clip at 255.
        gray = (np.asarray(upright).astype(np.uint32) + 128) // 257
        return np.repeat(gray.astype(np.uint8)[..., None], 3, axis=2)
    # A copy, since Pillow's own memory is read-only and torch warns of that.
    return np.array(upright.convert("RGB"))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
