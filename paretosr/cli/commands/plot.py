"""`paretosr plot`: quality against a cost, for the screen and for papers."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import (
    CountedOption,
    EvaluateOption,
    JsonOption,
    NameOption,
    PublishedScaleOption,
    SourcesArgument,
)


def plot(
    sources: SourcesArgument,
    x: Annotated[str, typer.Option(metavar="COLUMN", help="Horizontal axis.")] = "macs",
    y: Annotated[str, typer.Option(metavar="COLUMN", help="Vertical axis.")] = "psnr_y_db",
    evaluate: EvaluateOption = None,
    scale: PublishedScaleOption = None,
    name: NameOption = None,
    labels: Annotated[
        str,
        typer.Option(
            metavar="auto|all|none|NAME,...",
            help="Which networks are labelled; auto: all but trials that are not on the front.",
        ),
    ] = "auto",
    counted: CountedOption = False,
    bubbles: Annotated[
        bool | None,
        typer.Option(
            "--bubbles/--no-bubbles",
            help="Whether areas show parameters.",
            show_default="in PSNR against MACs",
        ),
    ] = None,
    width: Annotated[
        str,
        typer.Option(
            metavar="column|page|INCHES",
            help="Width in print: column is 3.4 inches, page 7.",
        ),
    ] = "page",
    title: Annotated[str, typer.Option(metavar="TEXT", help="Heading; papers have none.")] = "",
    style: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Style sheet of Matplotlib, or the name of a style."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Figure to write: .pdf, .svg, .png, ...",
            show_default="Y_vs_X.png, in the first RUN_DIR if there is one",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Draw runs, networks evaluated here and published models, and the front.

    COLUMN is psnr_y_db, ssim_y, macs, params, size_kib, activation_mib, peak_memory_mib or
    latency_ms. A run alone, PSNR against MACs, gets the published models of Set5 beside it. What
    was judged on other images gets a panel of its own: decibels of different images do not compare.
    The sentences of a caption are printed with the name of the file. Nothing is measured or
    trained.

    \b
    Examples:
      paretosr plot runs/quickstart --x macs --y psnr_y_db
      paretosr plot runs/quickstart --x latency_ms --width column --out front.pdf
      paretosr plot best.safetensors published:Set5 --evaluate Set5 --width column --out set5.pdf
      paretosr plot best.safetensors published:Set5:IMDN,RLFN,SAFMN --evaluate Set5 \\
        --name best.safetensors=Ours --out set5.pdf
      paretosr plot published:B100 --scale 4 --counted --style paper.mplstyle
    """
    from paretosr import plot_front
    from paretosr.answers.gathering import gather_for_plot
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.options import parsed_names
    from paretosr.cli.output import write_json, write_line
    from reports.figures.style import figure_format, save_figure

    path = out or _default_folder(sources) / f"{y}_vs_{x}.png"
    figure_format(path)
    with TerminalListener(silent=json) as listener:
        systems = gather_for_plot(
            sources,
            (x, y),
            evaluate=evaluate or (),
            scale=scale,
            names=parsed_names(name or ()),
            counted=counted,
            listener=listener,
        )
    chosen = labels if labels in ("auto", "all", "none") else labels.split(",")
    figure = plot_front(
        systems, x=x, y=y, width=width, labels=chosen, bubbles=bubbles, title=title, style=style
    )
    save_figure(figure, path)
    caption = systems.caption(x, y, bubbles=bubbles)
    if json:
        write_json({"figure": str(path), "caption": caption})
    else:
        write_line(f"{path}\n{caption}")


def _default_folder(sources: list[str]) -> Path:
    """The first run's folder, or the current one."""
    folders = (Path(source) for source in sources)
    return next((it for it in folders if it.joinpath("run.yaml").exists()), Path())
