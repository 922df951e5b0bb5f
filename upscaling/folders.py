"""Images enlarged one after the other, from files to files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocks.models import Model
from foundation.listener import Listener
from imaging.decoding import (
    ALPHA,
    BadImageError,
    SkippedImage,
    conversion_notes,
    decode,
    decode_file,
)
from imaging.evaluation import Upscaler
from imaging.image_files import write_enlarged
from profilers import OtherVariant
from upscaling.images import UpscalingOptions, upscaler_for
from upscaling.jobs import ImageJob, ImagePlan


@dataclass(frozen=True)
class Enlarged:
    """What was done."""

    files: tuple[Path, ...] = ()
    """Written, in the order of the plan."""
    variant: str | None = None
    """Of the network; None for bicubic, and where nothing was enlarged."""
    others: tuple[OtherVariant, ...] = ()
    """The variants that it was chosen from."""
    skipped: tuple[SkippedImage, ...] = ()
    """Of the plan, and those that did not decode."""


def enlarge(
    model: Model, plan: ImagePlan, options: UpscalingOptions, listener: Listener
) -> Enlarged:
    """Carry out the plan.

    The listener is warned of what tiles change, before anything is computed, and of what was
    converted or lost, in one line for each kind.

    Raises:
        ValueError: the model cannot enlarge, or the one image of the plan does not decode.
        RuntimeError: an image cannot be encoded in the format of its file.
        OSError: a file cannot be written.
    """
    skipped = list(plan.skipped)
    jobs, sample = _from_the_first_that_decodes(plan, skipped)
    if not jobs:
        return Enlarged(skipped=tuple(skipped))
    listener.status("enlarging")
    chosen = upscaler_for(model, sample, [job.size_px for job in jobs], options, listener)
    written: list[Path] = []
    kinds: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for job in jobs:
        try:
            lost.update(_enlarged(job, chosen.upscale, model.scale, kinds))
        except BadImageError as error:
            skipped.append(SkippedImage.of(error))
            continue
        written.append(job.destination)
    for line in (*conversion_notes(kinds, len(written)), *_losses(lost, len(written))):
        listener.warning(line)
    return Enlarged(tuple(written), chosen.variant, chosen.others, tuple(skipped))


def _enlarged(job: ImageJob, upscale: Upscaler, scale: int, kinds: Counter[str]) -> tuple[str, ...]:
    original = decode_file(job.source)
    losses = write_enlarged(job.destination, upscale(original.pixels), original, scale)
    # What becomes of alpha depends on the format, and is among the losses.
    kinds.update(kind for kind in original.kinds if kind != ALPHA)
    return losses


def _losses(lost: Mapping[str, int], total: int) -> list[str]:
    if total == 1:
        return [f"the image {text}" for text in lost]
    return [f"{count} of {total} images {text}" for text, count in lost.items()]


def _from_the_first_that_decodes(
    plan: ImagePlan, skipped: list[SkippedImage]
) -> tuple[tuple[ImageJob, ...], dict[str, NDArray[np.uint8]]]:
    """The jobs left, and the first image, on which variants of a network are compared.

    Raises:
        BadImageError: the plan is one image, which does not decode.
    """
    for number, job in enumerate(plan.jobs):
        try:
            return plan.jobs[number:], {job.source.name: decode(job.source)[0]}
        except BadImageError as error:
            if not plan.is_folder:
                raise
            skipped.append(SkippedImage.of(error))
    return (), {}
