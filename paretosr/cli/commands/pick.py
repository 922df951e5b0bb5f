"""`paretosr pick`: the network of a run that answers a question."""

from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, RunArgument


def pick(
    run_dir: RunArgument,
    selector: Annotated[
        str,
        typer.Argument(
            metavar="SELECTOR",
            help="knee, a trial, the id of an architecture, or in quotes bounds on columns, as in "
            "'latency_ms<=15 and macs<=2e9'.",
        ),
    ] = "knee",
    by: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="What decides between networks that keep the bounds."),
    ] = "psnr_y_db",
    json: JsonOption = False,
) -> None:
    """Print the network of a run that SELECTOR asks for, the runner-up, and why.

    The knee is the point of the front, in PSNR and the first cost that was searched for, that lies
    farthest below the line between the front's ends. Where a cheaper network ties in PSNR, within
    the noise between seeds, it comes first, and the other is the runner-up; one whose interval
    crosses a bound comes after those that keep it safely. Where none keeps the bounds, the nearest
    is said, and the exit status is 2.

    RUN_DIR:pick is a MODEL that stands for the answer from then on, in all commands. RUN_DIR:knee
    and 'RUN_DIR:latency_ms<=15' are MODELs too, without a pick.

    \b
    Examples:
      paretosr pick runs/mine
      paretosr pick runs/mine 'latency_ms<=15'
      paretosr pick runs/mine 'psnr_y_db>=32 and macs<=2e9' --by latency_ms
      paretosr train runs/mine:pick --recipe medium --out runs/best
    """
    from paretosr import pick as picked
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result

    with TerminalListener(silent=json) as listener:
        result = picked(run_dir, selector, by=by, listener=listener)
    write_result(result, as_json=json)
