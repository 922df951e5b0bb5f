"""`paretosr search`: launch an architecture search, or continue one."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.options import JsonOption


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
    json: JsonOption = False,
) -> None:
    """Search architectures and print the Pareto front.

    Everything goes into a run directory: each trial as it ends, a checkpoint of the running
    training every few seconds, and at the end the tables and figures. Ctrl-C, or even kill -9,
    leaves a run that --resume continues with the same result; the budget counts the whole run.

    \b
    Examples:
      paretosr search examples/quickstart.yaml
      paretosr search --resume runs/quickstart-20260101-120000
    """
