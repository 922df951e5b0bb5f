"""`paretosr compare`: which model, or which target, is the fastest."""

from typing import Annotated

import typer

from paretosr.cli.options import (
    CalibrationImagesOption,
    HtmlOption,
    JsonOption,
    ScaleOption,
    VariantOption,
    positive,
)


def compare(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL...", help="The first is compared with each of the others."),
    ],
    scale: ScaleOption = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="[ssh://HOST/]RUNTIME[:key=value,...]",
            help="What to measure on; see paretosr targets. [default: eager]",
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option(
            "--targets",
            metavar="TARGET... | all[:key=value,...]",
            help="Compare these targets for the one MODEL before them; all: every runtime of "
            "this machine.",
        ),
    ] = None,
    variant: VariantOption = None,
    calibration_images: CalibrationImagesOption = "bundled",
    max_seconds: Annotated[
        float,
        typer.Option(callback=positive, help="Longest time for timing each pair or target."),
    ] = 20.0,
    html: HtmlOption = None,
    json: JsonOption = False,
) -> None:
    """Tell which model is the faster one on a target, or on which target a model is the fastest.

    Two models are timed at the same moments. The ratio of their times comes with a 95 %
    confidence interval, and only an interval without 1 tells them apart: the first MODEL is
    faster, slower or not distinguishable. It is timed in its fastest variant unless --variant
    names one, the others always in their fastest.

    With --targets, one MODEL is profiled on several targets, one after the other.

    \b
    Examples:
      paretosr compare seemore-t splitsr safmn --scale 2
      paretosr compare seemore-t bicubic --scale 2 --max-seconds 5 --json
      paretosr compare seemore-t --scale 2 --targets eager onnxruntime openvino:threads=2
      paretosr compare seemore-t --scale 2 --targets all:threads=2,lr=90x160
    """
    import paretosr
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result

    first, *others = models
    if targets and target is not None:
        raise ValueError("give --target for several models, or --targets for one, not both")
    if not targets and not others:
        raise ValueError("give a second MODEL to compare with, or --targets")
    with TerminalListener(silent=json) as listener:
        model = paretosr.load(first, scale, listener=listener)
        result: paretosr.Comparison | paretosr.TargetComparison
        if targets:
            # An option takes one value: the targets after the first arrive among the models.
            result = paretosr.compare_targets(
                model,
                [*targets, *others],
                variant=variant,
                calibration_images=calibration_images,
                max_seconds=max_seconds,
                listener=listener,
            )
        else:
            result = paretosr.compare(
                model,
                others,
                target or "eager",
                variant=variant,
                calibration_images=calibration_images,
                max_seconds=max_seconds,
                listener=listener,
            )
    if html is not None:
        paretosr.save_page(result, html)
    write_result(result, as_json=json)
