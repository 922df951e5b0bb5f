"""`paretosr upscale`: enlarge images."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.options import JsonOption, ModelArgument, ScaleOption


def upscale(
    model: ModelArgument,
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", help="Image, or folder of images, to enlarge.")
    ],
    destination: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="Image to write; for a folder, a folder.")
    ],
    scale: ScaleOption = None,
    json: JsonOption = False,
) -> None:
    """Enlarge an image or a folder of images.

    MODEL is a trained network or bicubic. The images of a folder are written as PNG, under
    their own names. An image is enlarged in one piece, so that a large one needs memory
    accordingly.

    \b
    Examples:
      paretosr upscale bicubic photo.png large.png --scale 2
      paretosr upscale runs/best/model.safetensors photos large-photos
    """
    from paretosr.image_files import destinations, read_images, write_image
    from paretosr.models import resolve_model
    from paretosr.output import write_json, write_line, write_note
    from paretosr.progress import progress_bar
    from paretosr.upscaling import upscaler_of

    upscaler = upscaler_of(resolve_model(model, scale))
    images = read_images(source)
    files = destinations(source, destination, images.images)
    for line in images.notes:
        write_note(line)
    with progress_bar("enlarging", total=len(files), silent=json) as update:
        for done, (image, file) in enumerate(zip(images.images, files, strict=True), start=1):
            write_image(file, upscaler(image.pixels), is_gray=image.is_gray)
            update(done)
    if json:
        write_json({"files": [str(file) for file in files]})
        return
    for file in files:
        write_line(str(file))
