"""`paretosr profile`: what a model costs on a target."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import (
    CalibrationImagesOption,
    DataOption,
    FormOption,
    HtmlOption,
    JsonOption,
    ModelArgument,
    ScaleOption,
    TargetOption,
    VariantOption,
    positive,
)
from paretosr.cli.replaced import replaced


def profile(
    model: ModelArgument,
    scale: ScaleOption = None,
    target: TargetOption = "eager",
    variant: VariantOption = None,
    calibration_images: CalibrationImagesOption = "bundled",
    max_seconds: Annotated[
        float, typer.Option(callback=positive, help="Longest time for timing.")
    ] = 20.0,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show which modules and operators spend the MACs, and why fvcore and thop "
            "count otherwise.",
        ),
    ] = False,
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What paretosr calibrate wrote: predict the latency with it, too.",
        ),
    ] = None,
    data: DataOption = "bundled",
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw what trained weights decide by the images of --data, in the format of the "
            "suffix: of SeemoRe the experts that each layer chooses, of SMSR the masks.",
        ),
    ] = None,
    html: HtmlOption = None,
    json: JsonOption = False,
    against: Annotated[str | None, replaced("paretosr compare MODEL {value}")] = None,
    sustained: Annotated[str | None, replaced("paretosr stress MODEL --seconds {value}")] = None,
    every: Annotated[bool, replaced("paretosr sweep FILE", "--all")] = False,
    csv: Annotated[str | None, replaced("paretosr sweep {value}")] = None,
    form: FormOption = None,
) -> None:
    """Show what MODEL costs on a target: parameters, MACs, memory and latency.

    Latency is measured as a multiple of a reference network's, which is timed at the same
    moments, with a 95 % confidence interval; milliseconds are that ratio times the reference's
    own time on the target. A MODEL with weights is measured with them, any other with random
    ones: they matter only where a network decides by the image what to compute. What trained
    weights decide on the images of --data is shown as well.

    On a target with precision=int8 the quantised program is measured, also against the network in
    float32 on the same runtime; a MODEL that is not quantised is quantised first.

    A target on another machine, ssh://USER@HOST/RUNTIME, measures the exported network there;
    see paretosr targets --help for what that machine needs.

    \b
    Examples:
      paretosr profile seemore-t --scale 2
      paretosr profile splitsr --scale 4 --target eager:threads=2,lr=90x160
      paretosr profile runs/x2/model.safetensors --target openvino:precision=int8
      paretosr profile seemore-t --scale 4 --target ssh://me@board/onnxruntime:threads=4
      paretosr profile seemore-t --scale 4 --explain
      paretosr profile runs/seemore-t/model.safetensors --data Set5 --figure experts.png
    """
    import paretosr
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result

    with TerminalListener(silent=json) as listener:
        result = paretosr.profile(
            paretosr.load(model, scale, listener=listener),
            target,
            variant=variant,
            calibration_images=calibration_images,
            max_seconds=max_seconds,
            calibration=calibration,
            explain=explain,
            data=data,
            figure=figure,
            listener=listener,
        )
    if html is not None:
        paretosr.save_page(result, html)
    write_result(result, as_json=json)
