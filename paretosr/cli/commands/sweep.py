"""`paretosr sweep`: what every network of the catalogue costs on every runtime."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import CalibrationImagesOption, HtmlOption, JsonOption, positive


def sweep(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The CSV file to write, or to go on with.")
    ],
    scale: Annotated[
        int | None, typer.Option(metavar="2|3|4", help="Only networks of this scale.")
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            metavar="RUNTIME[:key=value,...]",
            help="What to measure on; see paretosr targets. RUNTIME may be all.",
        ),
    ] = "all",
    calibration_images: CalibrationImagesOption = "bundled",
    max_seconds: Annotated[
        float,
        typer.Option(callback=positive, help="Longest time for a network on a target, in all."),
    ] = 300.0,
    html: HtmlOption = None,
    json: JsonOption = False,
) -> None:
    """Profile every network of the catalogue on every runtime of this machine, into a table.

    Each becomes a row of the CSV file as soon as it is measured. What crashes, hangs or is not
    supported gets a row that says so. A second call goes on after the last row; remove a row from
    the file to measure it again.

    \b
    Examples:
      paretosr sweep costs.csv
      paretosr sweep costs.csv --scale 2 --target all:threads=2,lr=90x160
      paretosr sweep costs.csv --target openvino
    """
    import paretosr
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result

    with TerminalListener(silent=json) as listener:
        result = paretosr.sweep(
            file,
            scale=scale,
            target=target,
            calibration_images=calibration_images,
            max_seconds=max_seconds,
            listener=listener,
        )
    if html is not None:
        paretosr.save_page(result, html)
    write_result(result, as_json=json)
