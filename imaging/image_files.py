"""How an enlarged image is written: what was beside the pixels goes with them where it can."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ExifTags
from PIL.PngImagePlugin import PngInfo

from foundation import write_bytes_atomically
from foundation.messages import one_line
from imaging.decoding import DecodedFile
from imaging.image_formats import ImageFormat, format_of
from imaging.image_metadata import Metadata, profile_space, to_srgb
from imaging.imresize import upscale_bicubic

# GIF knows opaque and invisible only.
_HALF_OPAQUE = 128
# The format that holds all that Pillow's own images do.
_PNG = format_of(Path("image.png"))


def write_enlarged(
    path: Path, pixels: NDArray[np.uint8], original: DecodedFile, scale: int
) -> tuple[str, ...]:
    """Replace `path` with the enlarged image, (H, W, 3), in the format of its suffix.

    A gray image stays gray. The colour profile, EXIF, XMP and, enlarged by bicubic, alpha are
    those of the original, where the format holds them.

    Returns:
        What was lost, to be said after "the image": "lost alpha: JPEG holds none".

    Raises:
        ValueError: the suffix is that of no image format.
        RuntimeError: Pillow cannot encode the image; the error names `path`.
        OSError: the folder cannot be written; the error names `path`.
    """
    written = format_of(path)
    coloured = _coloured(pixels, original, written)
    image, lost = coloured.image, [*coloured.lost]
    if original.alpha is not None:
        if written.has_alpha:
            image = _with_alpha(image, upscale_bicubic(original.alpha, scale), written)
        elif original.alpha.min() < 255:
            lost.append(f"lost alpha: {written.name} holds none")
    if image.mode not in written.modes:
        image = image.convert("RGBA" if image.mode == "LA" else "RGB")
    if written.name == "GIF" and image.mode != "L":
        lost.append("had to be reduced to 256 colours: GIF holds no more")
    metadata = original.metadata.of_enlarged(*pixels.shape[:2])
    kept = _kept(metadata, written, keeps_profile=coloured.keeps_profile)
    lost += _lost_metadata(metadata, kept, written)
    write_bytes_atomically(path, _encoded(image, path, written, kept))
    return tuple(lost)


def _encoded(image: PIL.Image.Image, path: Path, written: ImageFormat, kept: Metadata) -> bytes:
    # Into memory first: to a full disk, Pillow writes half a JPEG without a word.
    encoded = io.BytesIO()
    try:
        image.save(encoded, format=written.name, **_options(image, kept, written))
    except MemoryError:
        raise
    except Exception as error:  # Pillow's encoders raise nearly anything, and name no file.
        raise RuntimeError(
            f"{path} cannot be written as {written.name}: {one_line(error)}"
        ) from error
    return encoded.getvalue()


def enlarged_image(pixels: NDArray[np.uint8], original: DecodedFile, scale: int) -> PIL.Image.Image:
    """The enlarged image, (H, W, 3), for Pillow: gray, with alpha or a profile as the original."""
    coloured = _coloured(pixels, original, _PNG)
    image = coloured.image
    if original.alpha is not None:
        image = _with_alpha(image, upscale_bicubic(original.alpha, scale), _PNG)
    if original.metadata.icc_profile and coloured.keeps_profile:
        image.info["icc_profile"] = original.metadata.icc_profile
    return image


class _Coloured(NamedTuple):
    image: PIL.Image.Image
    keeps_profile: bool
    lost: tuple[str, ...] = ()


def _coloured(pixels: NDArray[np.uint8], original: DecodedFile, written: ImageFormat) -> _Coloured:
    """The pixels, gray where the original is, in colours that the format can tell of."""
    image = PIL.Image.fromarray(pixels)
    if original.is_gray:
        image = image.convert("L")
    profile = original.metadata.icc_profile
    # Where gray is written as RGB, a profile of gray would not describe it.
    is_held = written.has_profile and (
        image.mode in written.modes or profile_space(profile) == "RGB"
    )
    if is_held or not profile:
        return _Coloured(image, keeps_profile=is_held)
    kind = " of gray" if written.has_profile else ""
    try:
        converted = to_srgb(image, profile).convert(image.mode)
    except ValueError:
        lost = f"lost the colour profile: {written.name} holds none{kind}"
        return _Coloured(image, keeps_profile=False, lost=(lost,))
    lost = f"had to be converted to sRGB: {written.name} holds no colour profile{kind}"
    return _Coloured(converted, keeps_profile=False, lost=(lost,))


def _with_alpha(
    image: PIL.Image.Image, alpha: NDArray[np.uint8], written: ImageFormat
) -> PIL.Image.Image:
    if written.name == "GIF":
        alpha = np.where(alpha < _HALF_OPAQUE, 0, 255).astype(np.uint8)
    mode = "LA" if image.mode == "L" and "LA" in written.modes else "RGBA"
    with_alpha = image.convert(mode)
    with_alpha.putalpha(PIL.Image.fromarray(alpha))
    return with_alpha


def _kept(metadata: Metadata, written: ImageFormat, *, keeps_profile: bool) -> Metadata:
    def fits(data: bytes) -> bool:
        bound_bytes = written.maximum_metadata_bytes
        return written.has_metadata and (bound_bytes is None or len(data) <= bound_bytes)

    return Metadata(
        exif=metadata.exif if fits(metadata.exif) else b"",
        xmp=metadata.xmp if fits(metadata.xmp) else b"",
        icc_profile=metadata.icc_profile if keeps_profile else b"",
    )


def _lost_metadata(metadata: Metadata, kept: Metadata, written: ImageFormat) -> list[str]:
    bound_bytes = written.maximum_metadata_bytes
    held = "none" if not written.has_metadata else f"at most {bound_bytes} bytes"
    pairs = {"EXIF": (metadata.exif, kept.exif), "XMP": (metadata.xmp, kept.xmp)}
    return [
        f"lost {name}: {written.name} holds {held}"
        for name, (had, has) in pairs.items()
        if had and not has
    ]


def _options(image: PIL.Image.Image, kept: Metadata, written: ImageFormat) -> Mapping[str, object]:
    """Pillow's options of `save`, in which each format has its own place for XMP."""
    options = dict(written.options)
    if kept.icc_profile:
        options["icc_profile"] = kept.icc_profile
    if written.name == "TIFF":
        options["exif"] = _tiff_tags(kept)
    elif kept.exif:
        options["exif"] = kept.exif
    if kept.xmp and written.name == "PNG":
        options["pnginfo"] = info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", kept.xmp.decode(errors="replace"))
    elif kept.xmp and written.name != "TIFF":
        options["xmp"] = kept.xmp
    if written.name == "ICO":
        options["sizes"] = [image.size]
    return options


def _tiff_tags(kept: Metadata) -> PIL.Image.Exif:
    """EXIF as the tags of a TIFF, among which XMP has one."""
    tags = PIL.Image.Exif()
    tags.load(kept.exif)
    # A position in the original file, which Pillow would copy.
    tags.get_ifd(ExifTags.IFD.Exif).pop(ExifTags.IFD.Interop, None)
    if kept.xmp:
        tags[ExifTags.Base.XMLPacket] = kept.xmp
    return tags
