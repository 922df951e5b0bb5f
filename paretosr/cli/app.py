"""The command line: one command per job, one clear line for every error."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from foundation.plugins import load_plugins
from paretosr.cli.commands.cache import cache
from paretosr.cli.commands.calibrate import calibrate
from paretosr.cli.commands.compare import compare
from paretosr.cli.commands.compare_runs import compare_runs
from paretosr.cli.commands.compress import compress
from paretosr.cli.commands.evaluate import evaluate
from paretosr.cli.commands.export import export
from paretosr.cli.commands.finalize import finalize
from paretosr.cli.commands.import_weights import import_weights
from paretosr.cli.commands.init import init
from paretosr.cli.commands.models import models
from paretosr.cli.commands.pick import pick
from paretosr.cli.commands.plot import plot
from paretosr.cli.commands.profile import profile
from paretosr.cli.commands.report import report
from paretosr.cli.commands.search import search
from paretosr.cli.commands.sort_patches import sort_patches
from paretosr.cli.commands.sparsity import sparsity
from paretosr.cli.commands.stress import stress
from paretosr.cli.commands.sweep import sweep
from paretosr.cli.commands.table import table
from paretosr.cli.commands.targets import targets
from paretosr.cli.commands.train import train
from paretosr.cli.commands.upscale import upscale
from paretosr.cli.commands.watch import watch
from paretosr.cli.errors import explain

app = typer.Typer(name="paretosr", add_completion=False, rich_markup_mode=None)
for command in (
    init, search, watch, pick, finalize, report, plot, table, compare_runs, profile, compare, sweep,
    stress, calibrate, train, compress, evaluate, sort_patches, sparsity, upscale, import_weights,
    export, models, targets, cache,
):  # fmt: skip
    app.command()(command)


@app.callback(invoke_without_command=True)
def _front_door(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.")
    ] = False,
    plugin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE",
            help="Module with networks of your own, on Python's path or in the current folder; "
            "repeatable. Searches name theirs in the config.",
        ),
    ] = None,
) -> None:
    """Which super-resolution network should I run on this device?

    Searches network designs, measures what each costs on the target and what it gives in
    PSNR, and shows the Pareto front.

    \b
    MODEL, wherever a command takes one, is
      a catalogue name           seemore-t (list them: paretosr models)
      a config file              design.json or design.yaml
      a checkpoint               model.safetensors
      a quantised network        the folder that paretosr compress wrote
      a trial of a search        RUN_DIR:TRIAL, its number or the id of its architecture; also
                                 RUN_DIR:knee, 'RUN_DIR:latency_ms<=15', and RUN_DIR:pick
      bicubic                    MATLAB's imresize, the baseline to compare with
    """
    load_plugins(plugin or ())
    if show_version:
        typer.echo(version("paretosr"))
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status.

    0 success, 1 failure, 2 bad input, 130 interrupted. Errors a user can cause are said in
    one line on standard error; anything else is a defect and keeps its traceback.
    """
    try:
        command = typer.main.get_command(app)
        with command.make_context("paretosr", list(arguments)) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as stop:
        return stop.exit_code
    except BrokenPipeError:
        # The reader (head, less) left: what is still buffered has nowhere to go, and Python
        # would complain about it while shutting down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, KeyboardInterrupt) as error:
        explanation = explain(error)
        if explanation is None:
            raise
        for note in getattr(error, "__notes__", ()):
            typer.echo(f"note: {note}", err=True)
        typer.echo(f"paretosr: {explanation.line}", err=True)
        return explanation.exit_status
    return 0
