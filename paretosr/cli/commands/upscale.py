"""`paretosr upscale`: enlarge images."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, ModelArgument, ScaleOption, VariantOption


def upscale(
    model: ModelArgument,
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", help="Image, or folder of images, to enlarge.")
    ],
    destination: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="Image to write; for a folder, a folder.")
    ],
    scale: ScaleOption = None,
    tile: Annotated[
        int | None,
        typer.Option(
            metavar="PX",
            min=0,
            help="Side of the tiles that INPUT is cut into; 0: none. By default as large as "
            "2 GiB of memory allow.",
        ),
    ] = None,
    variant: VariantOption = None,
    json: JsonOption = False,
) -> None:
    """Enlarge an image or a folder of images.

    MODEL is a trained network or bicubic. The images of a folder are written as PNG, under
    their own names. A large image is cut into tiles. Where an output pixel depends on a
    neighbourhood only, tiles overlap by as much and change nothing; for other networks a note
    says what depends on the whole image.

    \b
    Examples:
      paretosr upscale bicubic photo.png large.png --scale 2
      paretosr upscale runs/best/model.safetensors photos large-photos
      paretosr upscale span-x4.safetensors poster.png large.png --tile 256
    """
    from blocks.models import resolve_model
    from blocks.tiling import WHOLE, tiled
    from imaging.image_files import destinations, read_images, write_image
    from paretosr.cli.output import write_json, write_line, write_note
    from paretosr.cli.progress import progress_bar
    from upscaling.images import piece_by_piece, upscaler_of
    from upscaling.tiles import tiling_notes, tiling_of

    resolved = resolve_model(model, scale)
    images = read_images(source)
    files = destinations(source, destination, images.images)
    chosen = upscaler_of(resolved, variant, {image.name: image.pixels for image in images.images})
    tiling = WHOLE
    notes = [*images.notes, *chosen.notes]
    if resolved.config is not None and chosen.variant is not None and tile != 0:
        tiling = tiling_of(resolved.config, chosen.variant, tile)
        notes += tiling_notes(resolved.config, tiling, images.images)
    for line in notes:
        write_note(line)
    pieces = sum(tiling.pieces(*image.pixels.shape[:2]) for image in images.images)
    with progress_bar("enlarging", total=pieces, silent=json) as update:
        upscaler = tiled(piece_by_piece(chosen.upscale, update), resolved.scale, tiling)
        for image, file in zip(images.images, files, strict=True):
            write_image(file, upscaler(image.pixels), is_gray=image.is_gray)
    if json:
        write_json({"files": [str(file) for file in files], "variant": chosen.variant})
        return
    for file in files:
        write_line(str(file))
