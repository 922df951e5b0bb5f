"""What image files hold beside pixels: EXIF, XMP and the colour profile."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import PIL.Image
from PIL import ExifTags, ImageCms

UPRIGHT = 1

# How a TIFF file stores its pixels, which lies among its EXIF, and what is kept beside EXIF.
_LAYOUT_TAGS = frozenset(
    {
        *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 280, 281, 284, 292, 293),
        *(317, 320, 322, 323, 324, 325, 330, 338, 339, 340, 341, 347),
        *range(512, 522), 529, 530, 531, 532, 700, 34377, 34675,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Metadata:
    """What a file said of its pixels; empty where it said nothing."""

    exif: bytes = b""
    """In the variant of JPEG: after the bytes "Exif", 0, 0."""
    xmp: bytes = b""
    icc_profile: bytes = b""
    """Of the pixels as they are decoded: of their gray or RGB values."""

    def of_enlarged(self, height_px: int, width_px: int) -> "Metadata":
        """The same of an upright image of this size: sizes follow, small previews are left out."""
        return Metadata(
            _resized_exif(self.exif, height_px, width_px) if self.exif else b"",
            _resized_xmp(self.xmp, height_px, width_px),
            self.icc_profile,
        )


class ReadExif(NamedTuple):
    """EXIF, and whether it could be read; without any it could."""

    data: bytes
    is_readable: bool


def read_exif(image: PIL.Image.Image) -> ReadExif:
    """The EXIF of an open image; never an error.

    What cannot be read is taken out, so that a TIFF that is loaded later does not stumble over it.
    """
    try:
        exif = PIL.Image.Exif()
        stored = image.info.get("exif")
        if stored:
            exif.load(stored)
        else:
            exif = image.getexif()
        return ReadExif(exif.tobytes() if len(exif) else b"", is_readable=True)
    except Exception:  # Pillow raises nearly anything on damaged EXIF.
        exif = _lenient_exif(image)
        for folder in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.Interop):
            exif.pop(folder, None)
        return ReadExif(b"", is_readable=False)


def open_without_exif(path: Path) -> PIL.Image.Image | None:
    """An AVIF file whose EXIF keeps Pillow from opening it, opened; None for any other.

    `read_exif` then finds it unreadable. The image is turned upright as AVIF itself says.
    """
    content = path.read_bytes()
    if content[4:8] != b"ftyp" or b"avif" not in content[8:64]:
        return None
    # An item of an unknown type is passed over; items are named in front of the pixels.
    names, pixels, rest = content.partition(b"mdat")
    image = PIL.Image.open(io.BytesIO(names.replace(b"Exif", b"none") + pixels + rest))
    image.getexif()
    image.info["exif"] = b"unreadable"
    return image


def orientation(image: PIL.Image.Image) -> int:
    """Which way up a loaded image was stored, from 1 (upright) to 8; 1 where it cannot be read."""
    try:
        value = _lenient_exif(image).get(ExifTags.Base.Orientation, UPRIGHT)
    except Exception:  # Pillow decodes values late, and raises nearly anything.
        return UPRIGHT
    return value if isinstance(value, int) else UPRIGHT


def read_xmp(image: PIL.Image.Image) -> bytes:
    """The XMP of a loaded image."""
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return xmp.encode() if isinstance(xmp, str) else bytes(xmp)


def profile_space(icc_profile: bytes) -> str | None:
    """The colour space of a profile ("RGB", "GRAY", "CMYK", ...); None if it cannot be read."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
    except OSError:
        return None
    return profile.profile.xcolor_space.strip()


def to_srgb(image: PIL.Image.Image, icc_profile: bytes) -> PIL.Image.Image:
    """An image whose colours the profile describes, in sRGB.

    Raises:
        ValueError: the profile cannot be read, or describes pixels of another kind.
    """
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")
    except (OSError, ImageCms.PyCMSError) as error:
        raise ValueError(f"the colour profile does not describe the image ({error})") from error
    assert converted is not None  # only None when the image is converted in place
    return converted


def _lenient_exif(image: PIL.Image.Image) -> PIL.Image.Exif:
    try:
        return image.getexif()
    except Exception:  # A second call gives what the first one read before it failed.
        return image.getexif()


def _resized_exif(data: bytes, height_px: int, width_px: int) -> bytes:
    exif = PIL.Image.Exif()
    exif.load(data)
    for tag in _LAYOUT_TAGS.intersection(exif):
        del exif[tag]
    if ExifTags.Base.Orientation in exif:
        exif[ExifTags.Base.Orientation] = UPRIGHT
    photograph = exif.get_ifd(ExifTags.IFD.Exif)
    for tag, side_px in (
        (ExifTags.Base.ExifImageWidth, width_px),
        (ExifTags.Base.ExifImageHeight, height_px),
    ):
        if tag in photograph:
            photograph[tag] = side_px
    return exif.tobytes() if len(exif) else b""


def _resized_xmp(xmp: bytes, height_px: int, width_px: int) -> bytes:
    numbers = {
        "tiff:Orientation": UPRIGHT,
        "tiff:ImageWidth": width_px,
        "tiff:ImageLength": height_px,
        "exif:PixelXDimension": width_px,
        "exif:PixelYDimension": height_px,
    }
    for name, number in numbers.items():
        # As an element (<name>1</name>) or as an attribute (name="1").
        place = rb"(<%s>|\b%s\s*=\s*[\"'])\d+" % (name.encode(), name.encode())
        xmp = re.sub(place, rb"\g<1>%d" % number, xmp)
    return re.sub(rb"<(xmp|xap):Thumbnails>.*?</\1:Thumbnails>", b"", xmp, flags=re.DOTALL)
