"""Image files of any common kind as uint8 RGB pixels, with a name for each conversion that took."""

import stat
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from foundation.messages import one_line
from imaging.image_metadata import (
    Metadata,
    open_without_exif,
    orientation,
    profile_space,
    read_exif,
    read_xmp,
    to_srgb,
)

GRAYSCALE = "grayscale"
ALPHA = "stored with an alpha channel"
_BROKEN_EXIF = "stored with EXIF that cannot be read"
_FOREIGN_PROFILE = "stored with a colour profile that cannot be read or is of another kind"

# What is told of images that are not plain 8-bit RGB, in this order. Of grayscale nothing is: its
# channel is repeated, and it is then an image like any other.
_CONVERSIONS = {
    "stored with 16 bits per channel": "reduced to 8 bits",
    ALPHA: "it is dropped",
    "stored with a palette": "expanded to RGB",
    "stored in another colour space": "converted to sRGB, by the colour profile if there is one",
    "stored as several frames": "only the first is used",
    _BROKEN_EXIF: "it is left out",
    _FOREIGN_PROFILE: "it is left out",
}
# Pillow's modes; the others (float, 32-bit integers) have no known range of values.
_GRAY_MODES = frozenset({"1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N"})
_RGB_MODES = frozenset({"RGB", "RGBA", "RGBa", "RGBX"})
_PALETTE_MODES = frozenset({"P", "PA"})
_OTHER_COLOUR_MODES = frozenset({"CMYK", "YCbCr", "LAB", "HSV"})
_KNOWN_MODES = _GRAY_MODES | _RGB_MODES | _PALETTE_MODES | _OTHER_COLOUR_MODES
# Modes whose colours are multiplied by alpha, and what they are converted to first.
_STRAIGHT_MODES = {"La": "LA", "RGBa": "RGBA"}
# By EXIF's orientation; 1 is upright.
_TURNS = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


class BadImageError(ValueError):
    """A file that does not decode."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(
            f"images must decode without error, but '{path}' does not ({reason}): {remedy}"
        )
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class SkippedImage:
    """An image that was left out of work on many, and why."""

    path: Path
    reason: str

    @classmethod
    def of(cls, error: BadImageError) -> Self:
        """An image that does not decode."""
        return cls(error.path, error.reason)

    def to_dict(self) -> dict[str, str]:
        """The image under the names of JSON documents."""
        return {"file": str(self.path), "reason": self.reason}


@dataclass(frozen=True)
class DecodedFile:
    """All that is used of a file, turned upright as EXIF says."""

    pixels: NDArray[np.uint8]
    """Shape: (H, W, 3), RGB."""
    alpha: NDArray[np.uint8] | None
    """Shape: (H, W); None where everything is opaque."""
    kinds: tuple[str, ...]
    """The kinds of conversion that the pixels needed."""
    metadata: Metadata

    @property
    def is_gray(self) -> bool:
        return GRAYSCALE in self.kinds


def decoded_bytes(path: Path) -> int:
    """The size of the decoded pixels, read from the file's header.

    Raises:
        BadImageError: as `stored_size_px`.
    """
    height_px, width_px = stored_size_px(path)
    return height_px * width_px * 3


def stored_size_px(path: Path) -> tuple[int, int]:
    """Height and width in the file's header; once upright, the two may change places.

    Raises:
        BadImageError: the file is no image, or declares more pixels than Pillow thinks safe.
    """
    with _opened(path) as image:
        return image.height, image.width


def decode(path: Path) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The pixels, turned upright as EXIF says, and the kinds of conversion they needed.

    Shape: (H, W, 3), RGB. Gray of 16 bits is divided by 257 and rounded; of 16-bit colours Pillow
    reads the upper 8 bits.

    Raises:
        BadImageError: the file is damaged, is no image, or has pixels of an unknown range.
    """
    decoded = decode_file(path)
    return decoded.pixels, decoded.kinds


def decode_file(path: Path) -> DecodedFile:
    """The pixels as `decode` gives them, and what else the file holds.

    Raises:
        BadImageError: as `decode`.
    """
    with _opened(path) as image:
        return decode_image(image)


def decode_image(image: PIL.Image.Image) -> DecodedFile:
    """The same of an image that Pillow has opened or holds in memory.

    Raises:
        ValueError: its pixels have an unknown range.
        OSError: its file is damaged.
    """
    kinds = _kinds(image)
    # TIFF is turned upright by its EXIF while it is loaded; others may hold EXIF behind pixels.
    early = read_exif(image) if image.format == "TIFF" else None
    image.load()
    exif = early or read_exif(image)
    upright = _upright(image)
    colours = _colours(upright, is_gray=GRAYSCALE in kinds)
    checks = {_BROKEN_EXIF: exif.is_readable, _FOREIGN_PROFILE: colours.is_profile_fine}
    return DecodedFile(
        # A copy, since Pillow's own memory is read-only and torch warns of that.
        np.array(colours.rgb),
        _alpha(upright),
        (*kinds, *(kind for kind, is_fine in checks.items() if not is_fine)),
        Metadata(exif.data, read_xmp(image), colours.icc_profile),
    )


def conversion_notes(counts: Mapping[str, int], total: int) -> list[str]:
    """One line for each kind of conversion among `total` images."""
    if total == 1:
        return [
            f"the image is {kind}: {_CONVERSIONS[kind]}"
            for kind in _CONVERSIONS
            if counts.get(kind)
        ]
    return [
        f"{counts[kind]} of {total} images {'is' if counts[kind] == 1 else 'are'} {kind}: {what}"
        for kind, what in _CONVERSIONS.items()
        if counts.get(kind)
    ]


@contextmanager
def _opened(path: Path) -> Iterator[PIL.Image.Image]:
    """The file opened by Pillow, silently; whatever goes wrong becomes one BadImageError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # To open a pipe would wait for its other end.
            raise ValueError("not a regular file")
        with warnings.catch_warnings(action="ignore"), _open(path) as image:
            yield image
    except MemoryError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise BadImageError(path, one_line(error), "cut it into smaller images") from error
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files.
        raise BadImageError(path, one_line(error), "replace the file or remove it") from error


def _open(path: Path) -> PIL.Image.Image:
    try:
        return PIL.Image.open(path)
    except PIL.Image.DecompressionBombError:
        raise
    except Exception:
        image = open_without_exif(path)
        if image is None:
            raise
        return image


def _kinds(image: PIL.Image.Image) -> tuple[str, ...]:
    """The kinds of conversion that an image opened but not yet decoded needs."""
    stored_format = str(getattr(image, "tile", ""))  # Tells what Pillow's mode hides.
    applies = {
        GRAYSCALE: image.mode in _GRAY_MODES or "'LA;16" in stored_format,
        "stored with 16 bits per channel": ";16" in stored_format,
        ALPHA: image.has_transparency_data,
        "stored with a palette": image.mode in _PALETTE_MODES,
        "stored in another colour space": image.mode in _OTHER_COLOUR_MODES,
        "stored as several frames": getattr(image, "n_frames", 1) > 1,
    }
    return tuple(kind for kind, needed in applies.items() if needed)


def _upright(image: PIL.Image.Image) -> PIL.Image.Image:
    """The image in a mode that is known, turned upright."""
    if image.mode not in _KNOWN_MODES:
        raise ValueError(f"pixels of mode {image.mode} have no known range; 8 and 16 bits have")
    turn = _TURNS.get(orientation(image))
    upright = image if turn is None else image.transpose(turn)
    straight_mode = _STRAIGHT_MODES.get(upright.mode)
    return upright if straight_mode is None else upright.convert(straight_mode)


class _Colours(NamedTuple):
    rgb: PIL.Image.Image
    icc_profile: bytes
    is_profile_fine: bool
    """Also where there is none."""


def _colours(upright: PIL.Image.Image, *, is_gray: bool) -> _Colours:
    """The image in RGB and the profile that describes it, if one is to be kept."""
    profile = upright.info.get("icc_profile") or b""
    if upright.mode in _OTHER_COLOUR_MODES:
        if profile:
            with suppress(ValueError):
                return _Colours(to_srgb(upright, profile), b"", True)
        return _Colours(upright.convert("RGB"), b"", not profile)
    is_fine = not profile or profile_space(profile) == ("GRAY" if is_gray else "RGB")
    return _Colours(_rgb(upright), profile if is_fine else b"", is_fine)


def _rgb(upright: PIL.Image.Image) -> PIL.Image.Image:
    if not upright.mode.startswith("I;16"):
        return upright.convert("RGB")
    # 65535 / 255 = 257; Pillow itself would clip at 255.
    gray = (np.asarray(upright).astype(np.uint32) + 128) // 257
    return PIL.Image.fromarray(gray.astype(np.uint8)).convert("RGB")


def _alpha(upright: PIL.Image.Image) -> NDArray[np.uint8] | None:
    """Shape: (H, W)."""
    if not upright.has_transparency_data:
        return None
    if upright.mode.startswith("I;16"):
        is_opaque = np.asarray(upright) != upright.info["transparency"]
        return np.where(is_opaque, np.uint8(255), np.uint8(0))
    return np.array(upright.convert("RGBA").getchannel("A"))
