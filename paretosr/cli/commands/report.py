"""`paretosr report`: tables and figures of a run, rebuilt from its journal."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, RunArgument


def report(
    run_dir: RunArgument,
    compressed: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="A checkpoint that was pruned from a network of the run (compress) or taught by "
            "one (train --teacher), or a folder with such: it is judged on the run's images and "
            "target first, and shown beside that network from then on; repeatable.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Rebuild the tables and figures of a run.

    Reads its run.yaml and its journal, and prints the front. Works on a run that was
    interrupted or still goes on. Nothing is trained, and without --compressed nothing measured.

    \b
    Examples:
      paretosr report runs/quickstart
      paretosr report runs/mine --compressed runs/small --compressed runs/pupil
    """
    from paretosr import open_run
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.run_summary import write_run

    with TerminalListener(silent=json) as listener:
        if compressed:
            from paretosr import judge_compressed  # which loads torch

            judge_compressed(run_dir, compressed, listener=listener)
        run = open_run(run_dir).report(listener=listener)
    write_run(run, as_json=json)
