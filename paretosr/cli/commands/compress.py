"""`paretosr compress`: a trained network made smaller."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from paretosr.cli.options import DataOption, JsonOption, ModelArgument, ScaleOption

_OPTIONS: Mapping[str, frozenset[str]] = {
    "prune": frozenset({"keep", "to", "teacher", "steps", "data", "recipe", "seed", "device"}),
    "int8": frozenset({"target", "calibration_images", "max_loss", "sensitivity"}),
}
"""What belongs to one method alone."""


def compress(
    context: typer.Context,
    model: ModelArgument,
    method: Annotated[
        Literal["prune", "int8"],
        typer.Option(
            help="prune: a smaller design of the family, with inherited weights; int8: a program "
            "in 8 bits for one runtime."
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the smaller model and its report.")
    ],
    scale: ScaleOption = None,
    keep: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="prune: the share of the parameters to keep, above 0 and below 1; the nearest "
            "that the family's designs have is taken.",
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="prune: instead of --keep, the smaller design."),
    ] = None,
    teacher: Annotated[
        str,
        typer.Option(
            metavar="CHECKPOINT|self",
            help="prune: whose images are learned beside the originals; self for MODEL.",
        ),
    ] = "self",
    steps: Annotated[
        int, typer.Option(help="prune: optimizer steps of the training; 0 for none.")
    ] = 400,
    data: DataOption = "bundled",
    recipe: Annotated[
        str,
        typer.Option(
            help="prune: training recipe, as of train; quick has a lower peak rate here, for "
            "weights that are warm."
        ),
    ] = "quick",
    seed: Annotated[int, typer.Option(help="prune: of the crops and the training's patches.")] = 0,
    device: Annotated[str, typer.Option(help="prune: cpu or cuda, for the training.")] = "cpu",
    target: Annotated[
        str | None,
        typer.Option(
            metavar="[ssh://HOST/]RUNTIME:precision=int8[,key=value,...]",
            help="int8: what the program is for, of onnxruntime, openvino or xnnpack.",
        ),
    ] = None,
    calibration_images: Annotated[
        str,
        typer.Option(
            metavar="DIR|bundled",
            help="int8: training images, by which the ranges of values and the scheme are chosen.",
        ),
    ] = "bundled",
    max_loss: Annotated[
        float | None,
        typer.Option(
            metavar="DB",
            help="int8: the most that may be lost on held-out crops of those images; layers stay "
            "in float for it.",
        ),
    ] = None,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity",
            help="int8: also measure what each layer loses, into DIR/sensitivity.csv and .png.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make a trained MODEL smaller.

    prune cuts channels, blocks and the like out of MODEL's design. The weights that are left are
    refitted, so that each layer gives on crops of --data what MODEL's gave, and then trained with
    MODEL as their teacher. DIR/model.safetensors is an ordinary checkpoint, which every command
    takes; DIR/report.md says what was cut, and what it cost. The same command continues one that
    was interrupted.

    int8 quantises the convolutions for the runtime of --target, in a few schemes, and keeps the one
    that loses least on held-out crops, enlarged by the program itself on the target. DIR is a MODEL
    for that target. Where --max-loss cannot be met, the exit status is 1, and nothing is written.

    \b
    Examples:
      paretosr compress runs/best/model.safetensors --method prune --keep 0.6 --out runs/small
      paretosr compress runs/search:12 --method prune --to design.json --data DIV2K --out runs/12s
      paretosr compress runs/x2/model.safetensors --method int8 --target openvino:precision=int8 \\
        --calibration-images DIV2K --max-loss 0.05 --out runs/x2-int8
    """
    from compressors import LossTooHigh
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result, write_table_of
    from paretosr.compressing.int8 import quantise, tried_table
    from paretosr.compressing.pruning import prune
    from paretosr.models import load
    from paretosr.results import Result

    _require_options_of(method, context)
    result: Result
    with TerminalListener(silent=json) as listener:
        resolved = load(model, scale, listener=listener)
        if method == "prune":
            result = prune(
                resolved,
                out,
                keep=keep,
                to=to,
                teacher=teacher,
                steps=steps,
                data=data,
                recipe=recipe,
                seed=seed,
                device=device,
                listener=listener,
            )
        else:
            if target is None:
                raise ValueError(
                    "--method int8 needs the --target that its program is for, such as "
                    "openvino:precision=int8"
                )
            try:
                result = quantise(
                    resolved,
                    out,
                    target,
                    calibration_images=calibration_images,
                    max_loss_db=max_loss,
                    sensitivity=sensitivity,
                    listener=listener,
                )
            except LossTooHigh as error:
                write_table_of(tried_table(error.tried))
                raise
    write_result(result, as_json=json)


def _require_options_of(method: str, context: typer.Context) -> None:
    """Check that no option of another method was given.

    Raises:
        ValueError: one was.
    """
    for other, names in _OPTIONS.items():
        for name in sorted(names - _OPTIONS[method]):
            if _was_given(context, name):
                raise ValueError(
                    f"--{name.replace('_', '-')} is for --method {other}, got it with --method "
                    f"{method}"
                )


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
