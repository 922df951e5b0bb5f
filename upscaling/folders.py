"""Images enlarged one after the other, from files to files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocks.models import ResolvedModel
from imaging.decoding import ALPHA, BadImageError, conversion_notes, decode, decode_file
from imaging.evaluation import Upscaler
from imaging.image_files import write_enlarged
from imaging.tiling import Tiling, tiled
from paretosr.cli.output import write_note
from paretosr.cli.progress import progress_bar
from paretosr.skipped import SkippedImage
from upscaling.images import ChosenUpscaler, piece_by_piece, upscaler_of
from upscaling.jobs import ImageJob, ImagePlan
from upscaling.tiles import chosen_tiling


@dataclass(frozen=True)
class Enlarged:
    """What was done."""

    files: tuple[Path, ...]
    """Written, in the order of the plan."""
    variant: str | None
    """Of the network; None for bicubic, and where nothing was enlarged."""
    skipped: tuple[SkippedImage, ...]
    """Of the plan, and those that did not decode."""
    notes: tuple[str, ...]
    """What was converted or lost, one line for each kind."""


def enlarge(
    model: ResolvedModel, plan: ImagePlan, *, variant: str | None, tile_px: int | None, silent: bool
) -> Enlarged:
    """Carry out the plan; what depends on the choice of variant and tiles is said before.

    Args:
        tile_px: side of the tiles; 0 for none, None for as large as the memory allows.

    Raises:
        ValueError: the model cannot enlarge, or the one image of the plan does not decode.
        OSError: a file cannot be written.
    """
    skipped = list(plan.skipped)
    jobs, sample = _from_the_first_that_decodes(plan, skipped)
    if not jobs:
        return Enlarged((), None, tuple(skipped), ())
    chosen = upscaler_of(model, variant, sample)
    tiling = _tiling(model, chosen, jobs, tile_px)
    written: list[Path] = []
    kinds: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    pieces = sum(tiling.pieces(*job.size_px) for job in jobs)
    with progress_bar("enlarging", total=pieces, silent=silent) as update:
        upscale = tiled(piece_by_piece(chosen.upscale, update), model.scale, tiling)
        for job in jobs:
            try:
                lost.update(_enlarged(job, upscale, model.scale, kinds))
            except BadImageError as error:
                skipped.append(SkippedImage.of(error))
                continue
            written.append(job.destination)
    notes = conversion_notes(kinds, len(written))
    notes += [f"{count} of {len(written)} images {text}" for text, count in lost.items()]
    return Enlarged(tuple(written), chosen.variant, tuple(skipped), tuple(notes))


def _enlarged(job: ImageJob, upscale: Upscaler, scale: int, kinds: Counter[str]) -> tuple[str, ...]:
    original = decode_file(job.source)
    losses = write_enlarged(job.destination, upscale(original.pixels), original, scale)
    # What becomes of alpha depends on the format, and is among the losses.
    kinds.update(kind for kind in original.kinds if kind != ALPHA)
    return losses


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


def _tiling(
    model: ResolvedModel, chosen: ChosenUpscaler, jobs: Sequence[ImageJob], tile_px: int | None
) -> Tiling:
    tiling, notes = chosen_tiling(
        model.config, chosen.variant, tile_px, (job.size_px for job in jobs)
    )
    for line in (*chosen.notes, *notes):
        write_note(line)
    return tiling
