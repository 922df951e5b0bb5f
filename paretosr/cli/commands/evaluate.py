"""`paretosr evaluate`: PSNR and SSIM of a model on a folder of images."""

from collections.abc import Sequence
from math import isinf
from typing import TYPE_CHECKING, Annotated

import typer

from paretosr.cli.options import (
    DataOption,
    JsonOption,
    LowOption,
    ModelArgument,
    ScaleOption,
    VariantOption,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blocks.models import ResolvedModel
    from imaging.evaluation import Quality
    from imaging.images import Image
    from paretosr.skipped import SkippedImage


def evaluate(
    model: ModelArgument,
    data: DataOption = "bundled",
    lr: LowOption = None,
    scale: ScaleOption = None,
    variant: VariantOption = None,
    tile: Annotated[
        int | None,
        typer.Option(
            metavar="PX",
            min=0,
            help="Side of the tiles that images are cut into; 0: none. By default as large as "
            "2 GiB of memory allow where tiles change nothing, and none elsewhere.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print PSNR and SSIM of MODEL per image and mean.

    The images of --data are the originals: each is shrunk by MATLAB's imresize, or its
    low-resolution image read from --lr, enlarged by MODEL and compared on the Y channel without a
    border of SCALE pixels. A file with one channel is compared on Y of its RGB form, as published
    networks were. What is restored exactly, such as an image of a single colour, has an infinite
    PSNR (null in JSON) and is left out of the mean.
    A large image is cut into tiles, except for networks whose output depends on the whole image.
    Files that do not decode are left out too, and listed at the end, with exit status 1.

    \b
    Examples:
      paretosr evaluate bicubic --scale 2
      paretosr evaluate bicubic --data Set5 --scale 4 --json
      paretosr evaluate runs/x2/model.safetensors --data Set5
      paretosr evaluate imdn-x4.safetensors --data Test4K --tile 256
      paretosr evaluate imdn-x2.safetensors --data DIV2K_valid_HR --lr DIV2K_valid_LR_bicubic
      paretosr evaluate runs/search:splitsr-x2-0123456789
    """
    from blocks.models import resolve_model
    from imaging.evaluation import evaluate_quality, left_out_notes, prepare_validation
    from imaging.pairs import load_pairs
    from imaging.tiling import tiled
    from paretosr.cli.output import write_note
    from paretosr.cli.progress import progress_bar
    from paretosr.skipped import SkippedImage, end_if_skipped
    from upscaling.images import piece_by_piece, upscaler_of
    from upscaling.tiles import chosen_tiling

    resolved = resolve_model(model, scale)
    images = load_pairs(data, lr, split="validation", scale=resolved.scale, skip_bad=True)
    pairs = prepare_validation(images.images, resolved.scale, images.low)
    chosen = upscaler_of(resolved, variant, {pair.name: pair.low for pair in pairs})
    tiling, tiling_notes = chosen_tiling(
        resolved.config,
        chosen.variant,
        tile,
        (pair.low.shape[:2] for pair in pairs),
        only_exact=True,
    )
    notes = [*images.notes, *chosen.notes, *tiling_notes]
    if resolved.config is None:
        notes += _published_bicubic_notes(images.images)
    for line in notes:
        write_note(line)
    pieces = sum(tiling.pieces(*pair.low.shape[:2]) for pair in pairs)
    with progress_bar("evaluating", total=pieces, silent=json) as update:
        upscaler = tiled(piece_by_piece(chosen.upscale, update), resolved.scale, tiling)
        quality = evaluate_quality(upscaler, pairs)
    for line in left_out_notes(quality.left_out):
        write_note(line)
    if isinf(quality.psnr_y_db):
        write_note(
            "PSNR is infinite: every image is restored exactly, as one of a single colour is"
        )
    skipped = [SkippedImage.of(error) for error in images.bad]
    _write(resolved, chosen.variant, data, lr, quality, skipped, as_json=json)
    end_if_skipped(skipped, len(images.images) + len(skipped))


def _published_bicubic_notes(images: "Sequence[Image]") -> tuple[str, ...]:
    """What to know before bicubic's figures are compared with published ones."""
    from imaging.metrics import GRAY_PSNR_SHIFT_DB

    names = [image.name for image in images if image.is_gray]
    if not names:
        return ()
    mean_shift_db = GRAY_PSNR_SHIFT_DB * len(names) / len(images)
    return (
        f"of one channel, and compared on Y of the RGB form as all others: {', '.join(names)};"
        " published bicubic figures, such as Set14's, are of the raw values of such files, whose"
        f" PSNR is {GRAY_PSNR_SHIFT_DB:.2f} dB lower, and the mean here {mean_shift_db:.4f} dB",
    )


def _write(
    model: "ResolvedModel",
    variant: str | None,
    data: str,
    lr: str | None,
    quality: "Quality",
    skipped: "Sequence[SkippedImage]",
    *,
    as_json: bool,
) -> None:
    from paretosr.cli.output import write_json, write_line, write_rows

    images = [(image.name, image.psnr_y_db, image.ssim_y) for image in quality.images]
    if as_json:
        write_json(
            {
                "model": model.name,
                "scale": model.scale,
                "variant": variant,
                "data": data,
                "lr": lr,
                "psnr_y_db": quality.psnr_y_db,
                "ssim_y": quality.ssim_y,
                "left_out_of_mean": quality.left_out,
                "images": [
                    {"name": name, "psnr_y_db": psnr, "ssim_y": ssim} for name, psnr, ssim in images
                ],
                "skipped": [image.as_json() for image in skipped],
            }
        )
        return
    rows = [*images, ("mean", quality.psnr_y_db, quality.ssim_y)]
    write_line(f"{model.name} x{model.scale} on {data}")
    write_rows(
        ("image", "PSNR on Y (dB)", "SSIM on Y"),
        [(name, f"{psnr:.2f}", f"{ssim:.4f}") for name, psnr, ssim in rows],
        numbers=("PSNR on Y (dB)", "SSIM on Y"),
    )
