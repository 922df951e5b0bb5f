"""`paretosr compress`: a trained network made smaller."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from paretosr.cli.options import DataOption, JsonOption, ModelArgument, ScaleOption


def compress(
    model: ModelArgument,
    method: Annotated[
        Literal["prune"],
        typer.Option(help="prune: a smaller design of the family, with inherited weights."),
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
    seed: Annotated[int, typer.Option(help="Of the crops and the training's patches.")] = 0,
    device: Annotated[str, typer.Option(help="prune: cpu or cuda, for the training.")] = "cpu",
    json: JsonOption = False,
) -> None:
    """Make a trained MODEL smaller.

    prune cuts channels, blocks and the like out of MODEL's design. The weights that are left are
    refitted, so that each layer gives on crops of --data what MODEL's gave, and then trained with
    MODEL as their teacher. DIR/model.safetensors is an ordinary checkpoint, which every command
    takes; DIR/report.md says what was cut, and what it cost. The same command continues one that
    was interrupted.

    \b
    Examples:
      paretosr compress runs/best/model.safetensors --method prune --keep 0.6 --out runs/small
      paretosr compress runs/search:12 --method prune --to design.json --data DIV2K --out runs/12s
    """
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result
    from paretosr.compressing.pruning import prune
    from paretosr.models import load

    with TerminalListener(silent=json) as listener:
        pruning = prune(
            load(model, scale),
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
    write_result(pruning, as_json=json)
