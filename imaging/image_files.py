"""Which image files `paretosr upscale` reads, and which it writes."""

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from foundation import write_bytes_atomically
from imaging.decoding import GRAYSCALE, conversion_notes, decode
from imaging.images import Image, ImageSet, load_images

# High enough that the format, where it is lossy, does not undo what the network gained.
_LOSSY_QUALITY = 95


def read_images(source: Path) -> ImageSet:
    """Return the one image that `source` is, or all images of the folder that it is.

    Raises:
        ValueError: there is no such file or folder, or an image cannot be decoded.
    """
    if source.is_dir():
        return load_images(str(source.absolute()), split="validation")
    if not source.exists():
        raise ValueError(f"INPUT must be an image or a folder of images, but {source} is missing")
    pixels, kinds = decode(source)
    image = Image(source.name, pixels, GRAYSCALE in kinds)
    return ImageSet((image,), tuple(conversion_notes(Counter(kinds), 1)))


def destinations(source: Path, destination: Path, images: Sequence[Image]) -> list[Path]:
    """Return the file to write for each of `images`; nothing is written yet.

    Raises:
        ValueError: OUTPUT is INPUT, is of the other kind, has a suffix that cannot be
            written, or two images would get the same file.
    """
    if destination.exists() and destination.samefile(source):
        raise ValueError(f"OUTPUT must differ from INPUT, got {destination} for both")
    if not source.is_dir():
        _check_file(destination)
        return [destination]
    if destination.exists() and not destination.is_dir():
        raise ValueError(f"OUTPUT must be a folder, as INPUT is one, got the file {destination}")
    files = [destination / f"{Path(image.name).stem}.png" for image in images]
    name, count = Counter(files).most_common(1)[0]
    if count > 1:
        raise ValueError(f"each image needs a file of its own, but {count} would become {name}")
    return files


def write_image(path: Path, pixels: NDArray[np.uint8], *, is_gray: bool) -> None:
    """Replace `path` with an image, (H, W, 3) uint8, in the format of its suffix.

    Raises:
        OSError: the folder cannot be written.
    """
    image = PIL.Image.fromarray(pixels)
    image_format = PIL.Image.registered_extensions()[path.suffix.lower()]
    # Into memory first: to a full disk, Pillow writes half a JPEG without a word.
    encoded = io.BytesIO()
    (image.convert("L") if is_gray else image).save(encoded, image_format, quality=_LOSSY_QUALITY)
    write_bytes_atomically(path, encoded.getvalue())


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise ValueError(f"OUTPUT must be a file, as INPUT is one, got the folder {path}")
    formats = PIL.Image.registered_extensions()
    if formats.get(path.suffix.lower()) not in PIL.Image.SAVE:
        raise ValueError(
            f"OUTPUT must end in the suffix of an image format, such as .png, got {path.name!r}"
        )
