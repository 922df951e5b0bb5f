"""`paretosr compare-runs`: several runs of one task side by side."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption


def compare_runs(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN_DIR RUN_DIR...", help="Runs of one task.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw fronts and hypervolumes: .pdf, .svg, .png, ..."),
    ] = None,
    width: Annotated[
        str, typer.Option(metavar="column|page|INCHES", help="Width of the figure in print.")
    ] = "page",
    style: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Style sheet of Matplotlib, or the name of a style."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare the fronts of runs by their hypervolumes from one reference point.

    Runs whose configs differ only in the seed are a group, shown with its median and quartiles.
    Two groups are told apart by an exact permutation test; where there are too few seeds for one,
    that is said. The runs must agree in scale, objectives, validation images and target.

    \b
    Examples:
      paretosr compare-runs runs/tpe-0 runs/random-0
      paretosr compare-runs runs/tpe-* runs/random-* --out samplers.pdf --width column
    """
    import paretosr
    from paretosr.cli.output import write_json, write_line, write_result
    from reports.figures.style import figure_format, save_figure

    if out is not None:
        figure_format(out)
    comparison = paretosr.compare_runs(runs)
    if out is not None:
        save_figure(comparison.plot(width=width, style=style), out)
    if json:
        write_json({**comparison.to_dict(), "figure": None if out is None else str(out)})
        return
    write_result(comparison, as_json=False)
    if out is not None:
        write_line(str(out))
