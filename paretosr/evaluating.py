"""PSNR and SSIM of a model on a folder of images."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isinf
from pathlib import Path

from foundation.listener import SILENT, Listener
from imaging import (
    BUNDLED,
    Image,
    ImageQuality,
    Quality,
    SkippedImage,
    evaluate_quality,
    prepare_validation,
)
from imaging.evaluation import left_out_notes
from imaging.metrics import GRAY_PSNR_SHIFT_DB
from imaging.pairs import load_pairs
from paretosr.compressing.quantising import program_on
from paretosr.measuring.subjects import as_target
from paretosr.models import Model, load
from paretosr.results import Result, Table
from profilers import OtherVariant, Target
from profilers.host.variants import describe_choice
from upscaling import UpscalingOptions, upscaler_for


@dataclass(frozen=True, repr=False)
class Evaluation(Result):
    """How close a model comes to the originals, from their low-resolution images.

    PSNR and SSIM are of the Y channel without a border of `scale` pixels.
    """

    model: str
    """Its reference."""
    scale: int
    """Enlargement of height and width."""
    data: str
    """The folder of the originals, or "bundled"."""
    low_resolution: str | None
    """The folder of their low-resolution images; None where MATLAB's imresize made them."""
    psnr_y_db: float
    """The mean of the images' decibels; infinite if every image is restored exactly."""
    ssim_y: float
    """The mean; 1 for equal images."""
    images: tuple[ImageQuality, ...]
    """Each image's name, `psnr_y_db` and `ssim_y`."""
    left_out_of_mean: tuple[str, ...] = ()
    """Names of the images that bicubic or the model restores exactly."""
    variant: str | None = None
    """In which the network was computed; None for bicubic."""
    other_variants: tuple[OtherVariant, ...] = ()
    """The variants that it was chosen from: each by name, with a `ratio`, its time over that of the
    fastest, or a `reason` why it does not run."""
    skipped: tuple[SkippedImage, ...] = ()
    """The files that do not decode."""
    target: str | None = None
    """Whose program enlarged the images; None for PyTorch here, and for bicubic."""

    @property
    def total(self) -> int:
        """How many images there were, with those that were skipped."""
        return len(self.images) + len(self.skipped)

    def to_dict(self) -> Mapping[str, object]:
        return {
            "model": self.model,
            "scale": self.scale,
            "target": self.target,
            "variant": self.variant,
            "other_variants": [asdict(other) for other in self.other_variants],
            "data": self.data,
            "low_resolution": self.low_resolution,
            "psnr_y_db": self.psnr_y_db,
            "ssim_y": self.ssim_y,
            "left_out_of_mean": list(self.left_out_of_mean),
            "images": [
                {"name": image.name, "psnr_y_db": image.psnr_y_db, "ssim_y": image.ssim_y}
                for image in self.images
            ],
            "skipped": [image.to_dict() for image in self.skipped],
        }

    def tables(self) -> Sequence[Table]:
        by = "" if self.target is None else f", enlarged by {self.target}"
        rows = (*self.images, ImageQuality("mean", self.psnr_y_db, self.ssim_y))
        return (
            Table(
                ("image", "PSNR on Y (dB)", "SSIM on Y"),
                tuple((row.name, f"{row.psnr_y_db:.2f}", f"{row.ssim_y:.4f}") for row in rows),
                numeric=frozenset({"PSNR on Y (dB)", "SSIM on Y"}),
                title=f"{self.model} x{self.scale} on {self.data}{by}",
            ),
        )

    def sentences(self) -> Sequence[str]:
        if self.variant is None or not self.other_variants:
            return ()
        return (describe_choice(self.variant, self.other_variants),)


def evaluate(
    model: Model | str | Path,
    data: str | Path = BUNDLED,
    *,
    low_resolution: str | Path | None = None,
    target: Target | str | None = None,
    calibration_images: str | Path = BUNDLED,
    variant: str | None = None,
    tile_px: int | None = None,
    listener: Listener = SILENT,
) -> Evaluation:
    """PSNR and SSIM of a model on the images of a folder, each and on the mean.

    The images are the originals: each is cropped to a multiple of the scale, shrunk by MATLAB's
    imresize unless `low_resolution` has the result, enlarged by the model and compared on the Y
    channel without a border of `scale` pixels. A file with one channel is compared on Y of its RGB
    form, as published networks were.

    Args:
        model: a trained network or bicubic, or a reference to one.
        data: folder of images, or "bundled" for three photographs that scikit-image contains.
        low_resolution: folder of the low-resolution images, each called like its original or, for
            x2, with x2 behind, or of folders X2, X3, X4 or LRbicx2, ... of them; by default
            MATLAB's imresize makes them.
        target: RUNTIME[:key=value,...], whose own program enlarges the images, made for images of
            any size, so that its `lr` and `batch` do not matter; by default PyTorch here.
        calibration_images: folder of training images, or "bundled", by which a model that is not
            quantised is quantised first if the target has precision=int8.
        variant: in which the network is computed; by default the fastest on this machine, or with
            a target the one that is exported.
        tile_px: side of the tiles that images are cut into, 0 for none; by default as large as
            2 GiB of memory allow where tiles change nothing, and none elsewhere.
        listener: hears of progress, and of what should be known about the result.

    Returns:
        The figures; files that do not decode are left out and listed as `skipped`.

    Raises:
        ValueError: the model has no trained weights or no such variant, the target is not valid or
            missing here, or there is no image, or one that is too small (it is named).
        OSError: a file cannot be read.
        ProfilingFailed: the target cannot run the network. It is a RuntimeError.

    Examples:
        >>> import paretosr as psr
        >>> evaluation = psr.evaluate(psr.load("bicubic", scale=2))
        >>> [image.name for image in evaluation.images]
        ['camera.png', 'chelsea.png', 'rocket.jpg']
        >>> round(evaluation.psnr_y_db, 1)
        32.9
    """
    model = load(model, listener=listener)
    images = load_pairs(
        str(data),
        None if low_resolution is None else str(low_resolution),
        split="validation",
        scale=model.scale,
        skip_bad=True,
    )
    pairs = prepare_validation(images.images, model.scale, images.low)
    for line in images.notes:
        listener.warning(line)
    if model.config is None and str(data) != BUNDLED:
        _warn_of_published_bicubic(images.images, listener)
    with program_on(
        model, target, variant, calibration_images=calibration_images, listener=listener
    ) as program:
        listener.status("evaluating")
        chosen = upscaler_for(
            model,
            {pair.name: pair.low for pair in pairs},
            [pair.low.shape[:2] for pair in pairs],
            UpscalingOptions(variant, tile_px, only_exact=True, program=program),
            listener,
        )
        quality = evaluate_quality(chosen.upscale, pairs)
    skipped = tuple(SkippedImage.of(error) for error in images.bad)
    _warn_of_what_is_missing(quality, skipped, listener)
    return Evaluation(
        model=model.name,
        scale=model.scale,
        data=str(data),
        low_resolution=None if low_resolution is None else str(low_resolution),
        psnr_y_db=quality.psnr_y_db,
        ssim_y=quality.ssim_y,
        images=quality.images,
        left_out_of_mean=quality.left_out,
        variant=chosen.variant,
        other_variants=chosen.others,
        skipped=skipped,
        target=None if target is None else str(as_target(target)),
    )


def _warn_of_published_bicubic(images: Sequence[Image], listener: Listener) -> None:
    """Say what to know before bicubic's figures are compared with published ones."""
    names = [image.name for image in images if image.is_gray]
    if names:
        mean_shift_db = GRAY_PSNR_SHIFT_DB * len(names) / len(images)
        listener.warning(
            f"of one channel, and compared on Y of the RGB form as all others: {', '.join(names)};"
            " published bicubic figures, such as Set14's, are of the raw values of such files, "
            f"whose PSNR is {GRAY_PSNR_SHIFT_DB:.2f} dB lower, and the mean here "
            f"{mean_shift_db:.4f} dB"
        )


def _warn_of_what_is_missing(
    quality: Quality, skipped: Sequence[SkippedImage], listener: Listener
) -> None:
    for line in left_out_notes(quality.left_out):
        listener.warning(line)
    if isinf(quality.psnr_y_db):
        listener.warning(
            "PSNR is infinite: every image is restored exactly, as one of a single colour is"
        )
    for image in skipped:
        listener.warning(f"skipped {image.path}: {image.reason}")
