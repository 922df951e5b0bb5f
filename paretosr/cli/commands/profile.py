"""`paretosr profile`: what a model costs on a target."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import (
    JsonOption,
    OptionalModelArgument,
    ScaleOption,
    VariantOption,
    positive,
)


def profile(
    model: OptionalModelArgument = None,
    scale: ScaleOption = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="[ssh://HOST/]RUNTIME[:key=value,...]",
            help="What to measure on; see paretosr targets. With --all, RUNTIME may be all. "
            "[default: eager, with --all: all]",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="OTHER", help="Tell which of both is faster, MODEL or this one."),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show which modules and operators spend the MACs, and why fvcore and thop "
            "count otherwise.",
        ),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Profile every network of the catalogue.")
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --all: the table to write, or to go on with if it exists."
        ),
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="Longest time for timing; with --all for a network on a target in all. "
            "[default: 20, with --all: 300]",
        ),
    ] = None,
    variant: VariantOption = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Predict the latency too, by what paretosr calibrate wrote."
        ),
    ] = None,
    sustained: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            callback=positive,
            help="Run MODEL this long without a pause and show how much slower its calls become.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure what MODEL costs on a target.

    Prints parameters, MACs, memory and latency. Latency is the ratio to a fixed reference
    network timed beside it, with a 95 % confidence interval, times the reference's own time on
    the target. With --against, only the two models are timed, and the answer is faster,
    slower or not distinguishable. With --sustained, the network runs without a pause, and its
    last calls are compared with its first: a device that gets warm clocks down. A MODEL with
    weights is measured with them, any other with random ones: they matter only where a network
    decides by the image what to compute.

    With --all and no MODEL, every network of the catalogue (at one --scale, if given) is
    profiled on every runtime of this machine. Each becomes a row of the CSV file as soon as it
    is measured. What crashes, hangs or is not supported gets a row that says so. A second call
    goes on after the last row; remove a row from the file to measure it again.

    A target on another machine, ssh://USER@HOST/RUNTIME, measures the exported network there;
    see paretosr targets --help for what that machine needs.

    \b
    Examples:
      paretosr profile seemore-t --scale 2
      paretosr profile splitsr --scale 4 --target eager:threads=2,lr=90x160
      paretosr profile seemore-t --scale 4 --target ssh://me@board/onnxruntime:threads=4
      paretosr profile seemore-t --scale 4 --explain
      paretosr profile seemore-t --scale 2 --against bicubic --max-seconds 5 --json
      paretosr profile seemore-t --scale 2 --sustained 120
      paretosr profile --all --csv profiles.csv
      paretosr profile --all --csv profiles.csv --scale 2 --target all:threads=2,lr=90x160
    """
    alone = against or explain or variant or calibration or sustained
    modes = (against, calibration, sustained)
    if every and csv is not None and model is None and not alone:
        from paretosr.cli.profiling_all import profile_all

        profile_all(csv, scale, target or "all", max_seconds=max_seconds or 300.0, as_json=json)
        return
    if model is None or every or csv is not None or sum(map(bool, modes)) > 1:
        raise ValueError(
            "give a MODEL to profile it, or --all with --csv FILE to profile every network; "
            "--against, --calibration and --sustained exclude each other, and --all takes none "
            "of them, nor --variant or --explain"
        )
    from blocks.models import resolve_model
    from paretosr.cli.profiling_one import write_profiled
    from paretosr.cli.timed_models import write_compared, write_sustained
    from profilers import Target

    resolved, wanted = resolve_model(model, scale), Target.parse(target or "eager")
    if explain and (against is not None or resolved.config is None):
        raise ValueError(
            "--explain shows the ledger of one network; leave --against and bicubic out"
        )
    timing = max_seconds or 20.0
    if sustained is not None:
        if explain or max_seconds:
            raise ValueError(
                "--sustained only times MODEL, as long as it says; leave --explain and "
                "--max-seconds out"
            )
        write_sustained(resolved, wanted, variant, sustained, as_json=json)
    elif against is not None:
        other = resolve_model(against, resolved.scale)
        write_compared(resolved, other, wanted, variant, timing, as_json=json)
    else:
        write_profiled(
            resolved, wanted, variant, timing, calibration, explain=explain, as_json=json
        )
