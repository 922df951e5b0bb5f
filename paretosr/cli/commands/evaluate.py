"""`paretosr evaluate`: PSNR and SSIM of a model on a folder of images."""

from typing import Annotated

import typer

from paretosr.cli.options import (
    CalibrationImagesOption,
    DataOption,
    FormOption,
    JsonOption,
    LowOption,
    ModelArgument,
    ProgramTargetOption,
    ScaleOption,
    VariantOption,
)


def evaluate(
    model: ModelArgument,
    data: DataOption = "bundled",
    lr: LowOption = None,
    scale: ScaleOption = None,
    target: ProgramTargetOption = None,
    calibration_images: CalibrationImagesOption = "bundled",
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
    form: FormOption = None,
) -> None:
    """Print PSNR and SSIM of MODEL per image and mean.

    The images of --data are the originals: each is shrunk by MATLAB's imresize, or its
    low-resolution image read from --lr, enlarged by MODEL and compared on the Y channel without a
    border of SCALE pixels. A file with one channel is compared on Y of its RGB form, as published
    networks were. What is restored exactly, such as an image of a single colour, has an infinite
    PSNR (null in JSON) and is left out of the mean.
    A large image is cut into tiles, except for networks whose output depends on the whole image.
    With --target the program that profile times there enlarges the images, so that the figures
    are of what runs: of ONNX Runtime, of OpenVINO in bfloat16, or on another machine.
    Files that do not decode are left out too, and listed at the end, with exit status 1.

    \b
    Examples:
      paretosr evaluate bicubic --scale 2
      paretosr evaluate bicubic --data Set5 --scale 4 --json
      paretosr evaluate runs/x2/model.safetensors --data Set5
      paretosr evaluate imdn-x4.safetensors --data Test4K --tile 256
      paretosr evaluate imdn-x2.safetensors --data DIV2K_valid_HR --lr DIV2K_valid_LR_bicubic
      paretosr evaluate runs/x2/model.safetensors --target openvino:precision=bfloat16
      paretosr evaluate runs/x2-int8 --target openvino:precision=int8
      paretosr evaluate runs/search:splitsr-x2-0123456789
    """
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result
    from paretosr.cli.skipped import end_if_skipped
    from paretosr.evaluating import evaluate as evaluated
    from paretosr.models import load

    with TerminalListener(silent=json) as listener:
        evaluation = evaluated(
            load(model, scale, listener=listener),
            data,
            low_resolution=lr,
            target=target,
            calibration_images=calibration_images,
            variant=variant,
            tile_px=tile,
            listener=listener,
        )
    write_result(evaluation, as_json=json)
    end_if_skipped(evaluation.skipped, evaluation.total)
