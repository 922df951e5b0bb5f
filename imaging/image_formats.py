"""The formats of image files: what is read from folders, and what is written and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

_ANY_SIDE_PX = 2**31 - 1
# What positions of 32 bits reach, less room for what stands beside the pixels.
_FOUR_GIB = 2**32 - 2**20
_ALL_MODES = frozenset({"L", "LA", "RGB", "RGBA"})


@dataclass(frozen=True)
class ImageFormat:
    """What one format can hold, and how it is written."""

    name: str
    """As Pillow calls it."""
    suffixes: tuple[str, ...]
    modes: frozenset[str]
    """Pillow's modes that are written as they are; "RGB" is always among them."""
    maximum_side_px: int = _ANY_SIDE_PX
    maximum_bytes: int | None = None
    """Of the pixels, where the file cannot be larger."""
    has_profile: bool = False
    """Holds an ICC profile."""
    has_metadata: bool = False
    """Holds EXIF and XMP."""
    maximum_metadata_bytes: int | None = None
    """Of EXIF and of XMP each."""
    options: Mapping[str, object] = field(default_factory=dict)
    """For Pillow's `save`. Lossy formats do not undo what a network gained: quality 95, and each
    pixel keeps its own chroma."""

    @property
    def has_alpha(self) -> bool:
        return "RGBA" in self.modes

    def why_not(self, height_px: int, width_px: int) -> str | None:
        """Why it cannot hold an image of this size; None if it can."""
        size = f"got {height_px}x{width_px}"
        if max(height_px, width_px) > self.maximum_side_px:
            return f"{self.name} holds sides of at most {self.maximum_side_px} px, {size}"
        largest_bytes = height_px * width_px * (4 if self.has_alpha else 3)
        if self.maximum_bytes is not None and largest_bytes > self.maximum_bytes:
            return f"{self.name} holds less than 4 GiB, {size}"
        return None


_PHOTOGRAPHS = (
    ImageFormat(
        "AVIF",
        (".avif",),
        frozenset({"RGB", "RGBA"}),
        # The decoder's bound; more could be written, but not read.
        maximum_side_px=32768,
        has_profile=True,
        has_metadata=True,
        options={"quality": 95, "subsampling": "4:4:4"},
    ),
    ImageFormat("BMP", (".bmp",), frozenset({"L", "RGB"}), maximum_bytes=_FOUR_GIB),
    ImageFormat("GIF", (".gif",), frozenset({"L", "RGB", "RGBA"}), maximum_side_px=65535),
    ImageFormat(
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        frozenset({"L", "RGB"}),
        # The bound of libjpeg, a little below the format's 65535.
        maximum_side_px=65500,
        has_profile=True,
        has_metadata=True,
        # A segment has 65533 bytes, and the name of XMP's takes 29.
        maximum_metadata_bytes=65533 - 29,
        options={"quality": 95, "subsampling": "4:4:4"},
    ),
    ImageFormat("JPEG2000", (".jp2",), _ALL_MODES),
    ImageFormat("PNG", (".png",), _ALL_MODES, has_profile=True, has_metadata=True),
    ImageFormat("PPM", (".ppm", ".pnm"), frozenset({"RGB"})),
    ImageFormat("TGA", (".tga",), _ALL_MODES, maximum_side_px=65535),
    ImageFormat(
        "TIFF",
        (".tif", ".tiff"),
        _ALL_MODES,
        maximum_bytes=_FOUR_GIB,
        has_profile=True,
        has_metadata=True,
    ),
    ImageFormat(
        "WEBP",
        (".webp",),
        frozenset({"RGB", "RGBA"}),
        maximum_side_px=16383,
        has_profile=True,
        has_metadata=True,
        # Lossy WebP always halves the chroma.
        options={"lossless": True, "exact": True},
    ),
)
# Several small pictures in one file, of which a folder of photographs has none.
_ICON = ImageFormat("ICO", (".ico",), frozenset({"RGB", "RGBA"}), maximum_side_px=256)

IMAGE_SUFFIXES = frozenset(suffix for known in _PHOTOGRAPHS for suffix in known.suffixes)
"""Of the files that every command takes for images, in lower case."""

_BY_SUFFIX = MappingProxyType(
    {suffix: known for known in (*_PHOTOGRAPHS, _ICON) for suffix in known.suffixes}
)


def is_image_name(path: Path) -> bool:
    """Whether a file of a folder is taken for an image: by its suffix, if it is not hidden."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def format_of(path: Path) -> ImageFormat:
    """The format that a file of this name is written in.

    Raises:
        ValueError: no format that is written has this suffix.
    """
    written = _BY_SUFFIX.get(path.suffix.lower())
    if written is None:
        raise ValueError(
            f"a written image must end in the suffix of an image format, such as .png, got "
            f"{path.name!r}: "
            f"{', '.join(sorted(_BY_SUFFIX))} are written"
        )
    return written
