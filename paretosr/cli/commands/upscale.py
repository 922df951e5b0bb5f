"""`paretosr upscale`: enlarge images."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import (
    CalibrationImagesOption,
    FormOption,
    JsonOption,
    ModelArgument,
    ProgramTargetOption,
    ScaleOption,
    VariantOption,
)


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
    target: ProgramTargetOption = None,
    calibration_images: CalibrationImagesOption = "bundled",
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
    form: FormOption = None,
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
      paretosr upscale runs/best/model.safetensors photo.png large.png --target onnxruntime
      paretosr upscale span-x4.safetensors poster.png large.png --tile 256
    """
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result
    from paretosr.cli.skipped import end_if_skipped
    from paretosr.enlarging import upscale_folder
    from paretosr.models import load

    with TerminalListener(silent=json) as listener:
        upscaled = upscale_folder(
            load(model, scale, listener=listener),
            source,
            destination,
            target=target,
            calibration_images=calibration_images,
            variant=variant,
            tile_px=tile,
            recursive=recursive,
            skip_existing=skip_existing,
            file_format=file_format,
            listener=listener,
        )
    write_result(upscaled, as_json=json)
    end_if_skipped(upscaled.skipped, upscaled.total)
