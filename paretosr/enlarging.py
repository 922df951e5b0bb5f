"""Images enlarged by a model: one in memory, or files to files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import overload

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from foundation.listener import SILENT, Listener
from imaging import BUNDLED
from imaging.decoding import (
    ALPHA,
    DecodedFile,
    SkippedImage,
    conversion_notes,
    decode_file,
    decode_image,
)
from imaging.image_files import enlarged_image
from paretosr.compressing.quantising import program_on
from paretosr.models import Model, load
from paretosr.results import Result, Table
from profilers import OtherVariant, Target
from upscaling import FolderOptions, UpscalingOptions, enlarge, planned, upscaler_for

Pixels = NDArray[np.uint8]
"""Shape: (H, W, 3), red, green and blue from 0 to 255."""


@dataclass(frozen=True, repr=False)
class UpscaledFolder(Result):
    """Which files were written, and which images were not enlarged."""

    files: tuple[Path, ...]
    """Written, in the order of their names."""
    existing: tuple[Path, ...] = ()
    """There already, and left as they are."""
    skipped: tuple[SkippedImage, ...] = ()
    """Images that could not be enlarged, each with a reason."""
    variant: str | None = None
    """In which the network was computed; None for bicubic, and where nothing was enlarged."""
    other_variants: tuple[OtherVariant, ...] = ()
    """The variants that it was chosen from: each by name, with a `ratio`, its time over that of the
    fastest, or a `reason` why it does not run."""

    @property
    def total(self) -> int:
        """How many images there were."""
        return len(self.files) + len(self.existing) + len(self.skipped)

    def to_dict(self) -> Mapping[str, object]:
        return {
            "files": [str(file) for file in self.files],
            "variant": self.variant,
            "other_variants": [asdict(other) for other in self.other_variants],
            "existing": [str(file) for file in self.existing],
            "skipped": [image.to_dict() for image in self.skipped],
        }

    def tables(self) -> Sequence[Table]:
        return ()

    def sentences(self) -> Sequence[str]:
        return [str(file) for file in self.files]


@overload
def upscale(
    model: Model | str | Path,
    image: Pixels,
    *,
    target: Target | str | None = None,
    calibration_images: str | Path = BUNDLED,
    variant: str | None = None,
    tile_px: int | None = None,
    listener: Listener = SILENT,
) -> Pixels: ...


@overload
def upscale(
    model: Model | str | Path,
    image: PIL.Image.Image | str | Path,
    *,
    target: Target | str | None = None,
    calibration_images: str | Path = BUNDLED,
    variant: str | None = None,
    tile_px: int | None = None,
    listener: Listener = SILENT,
) -> PIL.Image.Image: ...


def upscale(
    model: Model | str | Path,
    image: Pixels | PIL.Image.Image | str | Path,
    *,
    target: Target | str | None = None,
    calibration_images: str | Path = BUNDLED,
    variant: str | None = None,
    tile_px: int | None = None,
    listener: Listener = SILENT,
) -> Pixels | PIL.Image.Image:
    """The enlarged image: an array of an array, otherwise an image of Pillow.

    A gray image stays gray. Alpha, enlarged by bicubic, and the colour profile are kept.

    Args:
        model: a trained network or bicubic, or a reference to one.
        image: an array, (H, W, 3) uint8 in RGB, an image of Pillow, or the path of a file.
        target: RUNTIME[:key=value,...], whose own program enlarges, made for images of any size,
            so that its `lr` and `batch` do not matter; by default PyTorch here.
        calibration_images: folder of training images, or "bundled", by which a model that is not
            quantised is quantised first if the target has precision=int8.
        variant: in which the network is computed; by default the fastest on this machine, or with
            a target the one that is exported.
        tile_px: side of the tiles that the image is cut into, 0 for none; by default as large
            as 2 GiB of memory allow.
        listener: hears of progress, of conversions, and of what tiles change.

    Returns:
        Shape: (scale H, scale W, 3) uint8, or an image of as many pixels.

    Raises:
        ValueError: the model has no trained weights or no such variant, the image is too small
            for it, is no such array, or does not decode, or the target is not valid or missing
            here.
        ProfilingFailed: the target cannot run the network. It is a RuntimeError.

    Examples:
        >>> import numpy as np
        >>> import paretosr as psr
        >>> psr.upscale(psr.load("bicubic", scale=2), np.zeros((20, 30, 3), np.uint8)).shape
        (40, 60, 3)
    """
    model = load(model, listener=listener)
    if isinstance(image, np.ndarray):
        _require_pixels(image)
        with program_on(
            model, target, variant, calibration_images=calibration_images, listener=listener
        ) as program:
            options = UpscalingOptions(variant, tile_px, program=program)
            return _enlarged(model, image, options, listener)
    original = _decoded(image)
    # Alpha is kept beside the pixels.
    kinds = Counter(kind for kind in original.kinds if kind != ALPHA)
    for line in conversion_notes(kinds, 1):
        listener.warning(line)
    with program_on(
        model, target, variant, calibration_images=calibration_images, listener=listener
    ) as program:
        options = UpscalingOptions(variant, tile_px, program=program)
        pixels = _enlarged(model, original.pixels, options, listener)
    return enlarged_image(pixels, original, model.scale)


def upscale_folder(
    model: Model | str | Path,
    source: str | Path,
    destination: str | Path,
    *,
    target: Target | str | None = None,
    calibration_images: str | Path = BUNDLED,
    variant: str | None = None,
    tile_px: int | None = None,
    recursive: bool = False,
    skip_existing: bool = False,
    file_format: str | None = None,
    listener: Listener = SILENT,
) -> UpscaledFolder:
    """Enlarge the images of a folder, or one image file, into files.

    The images of a folder keep their names and formats. Colour profile, EXIF, XMP and alpha are
    kept where the format holds them. JPEG and AVIF are written with quality 95 and full chroma,
    WebP without loss. Each file is written wholly or not at all.

    Args:
        model: a trained network or bicubic, or a reference to one.
        source: folder of images, or one image file.
        destination: folder to write to; for one image, the file.
        target: RUNTIME[:key=value,...], whose own program enlarges, made for images of any size,
            so that its `lr` and `batch` do not matter; by default PyTorch here.
        calibration_images: folder of training images, or "bundled", by which a model that is not
            quantised is quantised first if the target has precision=int8.
        variant: in which the network is computed; by default the fastest on this machine, or with
            a target the one that is exported.
        tile_px: side of the tiles that images are cut into, 0 for none; by default as large as
            2 GiB of memory allow.
        recursive: also the folders inside the source; the destination gets the same.
        skip_existing: leave what is in the destination already.
        file_format: write the images of a folder as "png", "jpg", ...; by default each as it is.
        listener: hears of progress, and of what was converted, lost or skipped.

    Returns:
        The files, and which images of the folder could not be enlarged.

    Raises:
        ValueError: the model has no trained weights or no such variant, there is no image, the
            destination does not fit, the one image cannot be enlarged, or the target is not valid
            or missing here.
        OSError: a file cannot be written; the error names it.
        ProfilingFailed: the target cannot run the network. It is a RuntimeError.

    Examples:
        >>> import paretosr as psr
        >>> from skimage import data
        >>> import PIL.Image
        >>> PIL.Image.fromarray(data.chelsea()[:60, :80]).save("cat.png")
        >>> psr.upscale_folder(psr.load("bicubic", scale=2), "cat.png", "large.png").files
        (PosixPath('large.png'),)
    """
    model = load(model, listener=listener)
    suffix = None if file_format is None else f".{file_format.lower().removeprefix('.')}"
    folders = FolderOptions(recursive, skip_existing, suffix)
    plan = planned(Path(source), Path(destination), model.scale, folders, model.config)
    with program_on(
        model, target, variant, calibration_images=calibration_images, listener=listener
    ) as program:
        options = UpscalingOptions(variant, tile_px, program=program)
        done = enlarge(model, plan, options, listener)
    if plan.existing:
        listener.warning(f"left as they are: {len(plan.existing)} of {plan.total} files")
    for image in done.skipped:
        listener.warning(f"skipped {image.path}: {image.reason}")
    return UpscaledFolder(done.files, plan.existing, done.skipped, done.variant, done.others)


def _enlarged(
    model: Model, pixels: Pixels, options: UpscalingOptions, listener: Listener
) -> Pixels:
    height_px, width_px, _ = pixels.shape
    listener.status("enlarging")
    sample = {"the image": pixels}
    return upscaler_for(model, sample, [(height_px, width_px)], options, listener).upscale(pixels)


def _decoded(image: PIL.Image.Image | str | Path) -> DecodedFile:
    return decode_image(image) if isinstance(image, PIL.Image.Image) else decode_file(Path(image))


def _require_pixels(image: NDArray[np.generic]) -> None:
    is_rgb = image.ndim == 3 and image.shape[2] == 3 and image.size > 0
    if image.dtype != np.uint8 or not is_rgb:
        raise ValueError(
            "an image must be an array of uint8 of shape (height, width, 3), got "
            f"{image.dtype} of {image.shape}"
        )
