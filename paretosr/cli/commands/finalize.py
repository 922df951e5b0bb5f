"""`paretosr finalize`: the picks of a run, trained for use, judged, exported and described."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from paretosr.cli.options import JsonOption, RunArgument, TeacherOption, positive


def finalize(
    run_dir: RunArgument,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the finalists, one folder for each.")
    ],
    pick: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SELECTOR",
            help="As of paretosr pick: knee, a trial, or bounds such as 'latency_ms<=15'; "
            "repeatable. [default: the last pick, or else the knee]",
        ),
    ] = None,
    recipe: Annotated[str, typer.Option(help="Of the trainings, as of train.")] = "medium",
    steps: Annotated[
        int | None,
        typer.Option(callback=positive, help="Of each training [default: the recipe's]."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(callback=positive, help="Instead of --steps: as many as fit, for each."),
    ] = None,
    inherit: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="A trained network of the same family, whose weights all picks start from "
            "[default: random weights].",
        ),
    ] = None,
    teacher: TeacherOption = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="DIR|bundled", help="Training images [default: those of the run]."),
    ] = None,
    validation: Annotated[
        str | None, typer.Option(metavar="DIR|bundled", help="Likewise, to validate on the way.")
    ] = None,
    evaluate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR|bundled",
            help="Judge the finalists on these images; repeatable [default: --validation].",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="[ssh://HOST/]RUNTIME[:key=value,...]",
            help="Time them here, and export them for it [default: the run's].",
        ),
    ] = None,
    max_seconds: Annotated[float, typer.Option(callback=positive, help="For timing each.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Of the weights and of the patches.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda, of the trainings.")] = "cpu",
    precision: Annotated[
        Literal["float32", "bfloat16"], typer.Option(help="Number format of the activations.")
    ] = "float32",
    threads: Annotated[
        int, typer.Option(callback=positive, help="Of the processor that train.")
    ] = 1,
    json: JsonOption = False,
) -> None:
    """Train the picks of a run for use, judge and time them, export them, and describe them.

    All picks are trained by one recipe, from random weights or from those of one parent. Each gets
    a folder DIR/trial-N: model.safetensors, model.onnx, the files of the target's own format, the
    course of the training, and card.md with card.json, the model card: what it is, on which device,
    how it was trained, and what it is not good for. DIR/finalists.csv has all of them.

    The same command goes on where one was interrupted, and passes over what is finished.

    \b
    Examples:
      paretosr finalize runs/mine --out runs/final
      paretosr finalize runs/mine --pick knee --pick 'latency_ms<=15' --data DIV2K --minutes 60 \\
        --evaluate Set5 --evaluate Set14 --target openvino:threads=2,lr=270x480 --out runs/final
      paretosr finalize runs/mine --pick 4 --teacher large.safetensors --out runs/final
    """
    from paretosr import finalize as finalized
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result

    with TerminalListener(silent=json) as listener:
        finalists = finalized(
            run_dir,
            out,
            pick or "pick",
            recipe=recipe,
            steps=steps,
            minutes=minutes,
            parent=inherit,
            teacher=teacher,
            data=data,
            validation=validation,
            evaluate=evaluate or (),
            target=target,
            max_seconds=max_seconds,
            seed=seed,
            device=device,
            precision=precision,
            threads=threads,
            listener=listener,
        )
    write_result(finalists, as_json=json)
