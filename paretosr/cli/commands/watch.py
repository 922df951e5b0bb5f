"""`paretosr watch`: a search while it goes on."""

from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, RunArgument


def watch(
    run_dir: RunArgument,
    once: Annotated[bool, typer.Option("--once", help="Print where it stands, and end.")] = False,
    json: JsonOption = False,
) -> None:
    """Watch a search while it goes on.

    Shows the front, the hypervolume over time, what each worker does, failures and the time left,
    until the search ends; where the output is no terminal, a line for each trained candidate. Only
    reads the run directory, so that it may run beside the search. --json implies --once.

    \b
    Examples:
      paretosr watch runs/mine
      paretosr watch runs/mine --once
    """
    import paretosr as psr
    from paretosr.cli.output import write_result
    from paretosr.cli.watch_display import follow

    if once or json:
        write_result(psr.watch(run_dir), as_json=json)
    else:
        follow(run_dir)
