"""`paretosr search`: launch an architecture search, or continue one."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, positive
from paretosr.cli.output import write_note


def search(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="[CONFIG.yaml]", help="What to search; examples/ has some."),
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
    json: JsonOption = False,
) -> None:
    """Search architectures and print the Pareto front.

    Everything goes into a run directory: each trial as it ends, a checkpoint of the running
    training every few seconds, and at the end the tables and figures. Ctrl-C, or even kill -9,
    leaves a run that --resume continues with the same result; the budget counts the whole run.
    What the search began with, its settings and images, must be the same then.

    \b
    Examples:
      paretosr search examples/quickstart.yaml
      paretosr search --resume runs/quickstart-20260101-120000
      paretosr search --resume runs/quickstart-20260101-120000 --trials 40
    """
    from paretosr.cli.run_summary import write_run_summary
    from paretosr.searching import continued, launched
    from search.report import report_run
    from search.storage.changes import UNCHANGED, Changes

    changes = Changes(trials, minutes, data, validation)
    if resume is None and changes != UNCHANGED:
        raise ValueError(
            "--trials, --minutes, --data and --validation change a run that --resume continues: "
            "a new search takes them from its CONFIG.yaml"
        )
    if config is not None and resume is None:
        run_dir = out if out is not None else _fresh_directory(config)
        ended = launched(config, run_dir)
    elif resume is not None and out is None:
        run_dir = resume
        ended = continued(resume, config, changes)
    else:
        raise ValueError(
            "give a CONFIG.yaml to start a search (with --out to name its directory), "
            "or --resume RUN_DIR to continue one"
        )
    write_note(f"the search has ended: {ended}")
    write_run_summary(report_run(run_dir), as_json=json)


def _fresh_directory(config: Path) -> Path:
    now = datetime.datetime.now()
    return Path("runs") / f"{config.stem}-{now:%Y%m%d-%H%M%S}"
