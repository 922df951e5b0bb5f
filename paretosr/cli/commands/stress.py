"""`paretosr stress`: whether a device slows down while a model runs without a pause."""

from typing import Annotated

import typer

from paretosr.cli.options import (
    CalibrationImagesOption,
    JsonOption,
    ModelArgument,
    ScaleOption,
    TargetOption,
    VariantOption,
    positive,
)


def stress(
    model: ModelArgument,
    scale: ScaleOption = None,
    target: TargetOption = "eager",
    seconds: Annotated[
        float, typer.Option(callback=positive, help="How long MODEL runs, at least for six calls.")
    ] = 120.0,
    variant: VariantOption = None,
    calibration_images: CalibrationImagesOption = "bundled",
    json: JsonOption = False,
) -> None:
    """Run MODEL without a pause, and compare its last calls with its first.

    A device that gets warm clocks down: the last calls take longer. Ten windows of the time show
    when. There is no warm-up, so let the device rest before.

    \b
    Examples:
      paretosr stress seemore-t --scale 2
      paretosr stress seemore-t --scale 2 --target ssh://me@phone/onnxruntime --seconds 600
    """
    import paretosr
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result

    with TerminalListener(silent=json) as listener:
        result = paretosr.stress(
            paretosr.load(model, scale, listener=listener),
            target,
            seconds=seconds,
            variant=variant,
            calibration_images=calibration_images,
            listener=listener,
        )
    write_result(result, as_json=json)
