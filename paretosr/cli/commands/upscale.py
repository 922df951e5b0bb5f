"""`paretosr upscale`: enlarge images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paretosr.cli.options import JsonOption, ModelArgument, ScaleOption, VariantOption

if TYPE_CHECKING:
    from upscaling.folders import Enlarged
    from upscaling.jobs import ImagePlan


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
    recursive: Annotated[
        bool,
        typer.Option("--recursive", help="Also the folders inside INPUT; OUTPUT gets the same."),
    ] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out what OUTPUT has already.")
    ] = False,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="SUFFIX",
            help="Write the images of a folder as png, jpg, ...; by default each as it is.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Enlarge an image or a folder of images.

    MODEL is a trained network or bicubic. The images of a folder keep their names and formats;
    those that cannot be enlarged are listed at the end, with exit status 1. Colour profile, EXIF,
    XMP and alpha are kept where the format holds them. JPEG and AVIF are written with quality 95
    and full chroma, WebP without loss.

    A large image is cut into tiles. Where an output pixel depends on a neighbourhood only, tiles
    overlap by as much and change nothing; for other networks a note says what depends on the
    whole image.

    \b
    Examples:
      paretosr upscale bicubic photo.png large.png --scale 2
      paretosr upscale runs/best/model.safetensors photos large-photos --recursive
      paretosr upscale span-x4.safetensors poster.png large.png --tile 256
    """
    from paretosr.models import load
    from upscaling.folders import enlarge
    from upscaling.jobs import FolderOptions, planned

    resolved = load(model, scale)
    suffix = None if file_format is None else f".{file_format.lower().removeprefix('.')}"
    plan = planned(
        source,
        destination,
        resolved.scale,
        FolderOptions(recursive, skip_existing, suffix),
        resolved.config,
    )
    _write(plan, enlarge(resolved, plan, variant=variant, tile_px=tile, silent=json), as_json=json)


def _write(plan: "ImagePlan", enlarged: "Enlarged", *, as_json: bool) -> None:
    from paretosr.cli.output import write_json, write_line, write_note
    from paretosr.skipped import end_if_skipped

    for line in enlarged.notes:
        write_note(line)
    if plan.existing:
        write_note(f"{len(plan.existing)} of {plan.total} images are there already and stay")
    if as_json:
        write_json(
            {
                "files": [str(file) for file in enlarged.files],
                "variant": enlarged.variant,
                "existing": [str(file) for file in plan.existing],
                "skipped": [image.as_json() for image in enlarged.skipped],
            }
        )
    else:
        for file in enlarged.files:
            write_line(str(file))
    end_if_skipped(enlarged.skipped, plan.total)
