"""`paretosr plot`: one figure of a run."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, RunArgument


def plot(
    run_dir: RunArgument,
    x: Annotated[str, typer.Option(metavar="COLUMN", help="Horizontal axis.")] = "macs",
    y: Annotated[str, typer.Option(metavar="COLUMN", help="Vertical axis.")] = "psnr_y_db",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Figure to write, of the format its suffix names.",
            show_default="RUN_DIR/Y_vs_X.png",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Draw the trials of a run and their front.

    COLUMN is psnr_y_db, ssim_y, macs, params, size_kib, activation_mib, peak_memory_mib or
    latency_ms.
    psnr_y_db against macs is drawn as papers do, beside the published models; those are
    another kind of evidence, and so drawn in another way. Nothing is measured or trained.

    \b
    Examples:
      paretosr plot runs/quickstart --x macs --y psnr_y_db
      paretosr plot runs/quickstart --x latency_ms --y ssim_y --out front.pdf
    """
    from paretosr import open_run
    from paretosr.cli.output import write_json, write_line
    from reports.figures.style import save_figure

    path = out or run_dir / f"{y}_vs_{x}.png"
    save_figure(open_run(run_dir).plot(x, y), path)
    if json:
        write_json({"figure": str(path)})
    else:
        write_line(str(path))
