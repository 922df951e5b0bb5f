"""`paretosr search`: launch an architecture search, or continue one."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.errors import FAILURE
from paretosr.cli.options import JsonOption, positive


def search(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG.yaml]",
            help="What to search: a file that `paretosr init` writes, or quickstart.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN_DIR",
            help="Run directory to create [default: runs/CONFIG-DATE-TIME].",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN_DIR", help="Run directory whose search to continue."),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            callback=positive, help="With --resume: train so many candidates in the whole run."
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(callback=positive, help="With --resume: end after so many in the whole run."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|bundled",
            help="With --resume: where the training images are now, which must be the same.",
        ),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(metavar="DIR|bundled", help="Likewise, the validation images."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(callback=positive, help="With --resume: train so many at a time."),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="Look up in a table of trainings (a folder) instead of training: takes seconds.",
        ),
    ] = None,
    warm_start: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RUN_DIR",
            help="Begin with what an earlier run measured, as far as it compares; repeatable.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Search architectures and print the Pareto front.

    Everything goes into a run directory: each trial as it ends, a checkpoint of the running
    training every few seconds, and at the end the tables and figures. Ctrl-C, or even kill -9,
    leaves a run that --resume continues with the same result; the budget counts the whole run.
    What the search began with, its settings and images, must be the same then.

    Before anything is trained, the cheapest designs are measured against the bounds. A search that
    ends without a network that keeps them all says which bound none kept, the nearest value and
    what would help, and its exit status is 1.

    \b
    Examples:
      paretosr search quickstart
      paretosr search search.yaml --out runs/mine
      paretosr search wider.yaml --warm-start runs/mine
      paretosr search --resume runs/quickstart-20260101-120000
      paretosr search --resume runs/quickstart-20260101-120000 --trials 40
    """
    import paretosr as psr
    from paretosr.cli.run_summary import write_run
    from paretosr.cli.search_display import search_display

    if resume is None and any(
        value is not None for value in (trials, minutes, data, validation, workers)
    ):
        raise ValueError(
            "--trials, --minutes, --data, --validation and --workers change a run that --resume "
            "continues: a new search takes them from its CONFIG.yaml"
        )
    if config is None if resume is None else out is not None:
        raise ValueError(
            "give a CONFIG.yaml to start a search (with --out to name its directory), "
            "or --resume RUN_DIR to continue one"
        )
    if replay is not None and (resume is not None or warm_start):
        raise ValueError(
            "--replay starts a search that measures nothing: leave --resume and --warm-start out"
        )
    if resume is not None and warm_start:
        raise ValueError(
            "--warm-start is for a new search, which keeps what it took over when --resume "
            "continues it: leave it out"
        )
    with search_display(silent=json) as display:
        if resume is None:
            run = psr.search(
                str(config), out, warm_start=warm_start or (), replay=replay, listener=display
            )
        else:
            run = psr.resume(
                resume,
                config=config,
                trials=trials,
                minutes=minutes,
                data=data,
                validation=validation,
                workers=workers,
                listener=display,
            )
        display.warning(f"the search has ended: {run.ended}")
    write_run(run, as_json=json)
    if run.unkept is not None:
        raise typer.Exit(FAILURE)
