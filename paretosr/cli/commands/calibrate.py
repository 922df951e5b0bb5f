"""`paretosr calibrate`: learn what networks cost on a target."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, positive


def calibrate(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="Calibration to write, or to go on with.")
    ],
    target: Annotated[
        str | None,
        typer.Option(
            metavar="RUNTIME[:key=value,...]",
            help="What to measure on; see paretosr targets. [default: the config's, or eager]",
        ),
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(metavar="2|3|4", help="Of the networks. [default: the config's, or 2]"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="CONFIG.yaml",
            help="A search whose space to measure [default: every family in its whole range].",
        ),
    ] = None,
    minutes: Annotated[
        float, typer.Option(callback=positive, help="For measuring networks, in all calls.")
    ] = 15.0,
    json: JsonOption = False,
) -> None:
    """Measure networks drawn from a search space, each twice, to predict the latency of others.

    FILE keeps the machine, the time of the reference network and every measurement. With it,
    `paretosr profile --calibration FILE` predicts a latency in well under a second beside
    measuring it, and a search with the key `calibration: FILE` leaves out, without measuring
    them, networks whose predicted latency breaks a bound. What the calibration says nothing of
    (another target, size, scale, machine or version, a network unlike all measured) is
    measured as ever, and said.

    Nothing else should run on the machine. A call that was interrupted is continued by the same
    command; a larger --minutes adds networks.

    \b
    Examples:
      paretosr calibrate eager-90x160.jsonl --target eager:threads=1,lr=90x160
      paretosr calibrate openvino.jsonl --target openvino:lr=64x64 --scale 4 --minutes 10
      paretosr calibrate mine.jsonl --config search.yaml
    """
    import paretosr
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result

    with TerminalListener(silent=json) as listener:
        result = paretosr.calibrate(
            out, target, scale=scale, config=config, minutes=minutes, listener=listener
        )
    write_result(result, as_json=json)
