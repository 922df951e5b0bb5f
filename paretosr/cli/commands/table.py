"""`paretosr table`: networks side by side, as papers print them."""

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


def table(
    sources: SourcesArgument,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="latex|markdown|csv|parquet",
            help="What to write.",
            show_default="that of FILE's suffix, else latex",
        ),
    ] = None,
    evaluate: EvaluateOption = None,
    scale: PublishedScaleOption = None,
    name: NameOption = None,
    counted: CountedOption = False,
    caption: Annotated[str, typer.Option(metavar="TEXT", help="Caption, for LaTeX.")] = "",
    label: Annotated[str, typer.Option(metavar="LABEL", help="Label, for LaTeX.")] = "",
    bibtex: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the papers of the published models here, and cite them."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write; by default the table is printed."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare runs, networks evaluated here and published models in a table.

    LaTeX and Markdown have a row for each network and scale: parameters, MACs at 1280x720, and
    PSNR and SSIM on every data set, the best bold, the second underlined. Of a run they hold the
    networks on its front. CSV and Parquet have all rows, with a column for each hyperparameter.
    The LaTeX needs the package booktabs; Parquet needs pip install 'paretosr[parquet]'.

    \b
    Examples:
      paretosr table published:Set5,Set14 --scale 4
      paretosr table best.safetensors published --evaluate Set5 --evaluate Set14 \\
        --bibtex sr.bib --out table.tex
      paretosr table runs/mine --format parquet --out trials.parquet
    """
    import paretosr
    from paretosr.answers.tabulating import format_of, write_parquet, write_text
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.options import parsed_names
    from paretosr.cli.output import write_json, write_line

    chosen = format_of(out, format)
    if chosen == "parquet" and out is None:
        raise ValueError("Parquet is no text: name the file to write with --out")
    with TerminalListener(silent=json) as listener:
        systems = paretosr.gather(
            *sources,
            evaluate=evaluate or (),
            scale=scale,
            names=parsed_names(name or ()),
            counted=counted,
            listener=listener,
        )
    text = ""
    if chosen != "parquet":
        cite = bibtex is not None
        text = paretosr.table(systems, chosen, caption=caption, label=label, cite=cite)
    if out is not None:
        write_parquet(out, systems.frame) if chosen == "parquet" else write_text(out, text)
    if bibtex is not None:
        write_text(bibtex, paretosr.bibliography(systems))
    if json:
        files = {"file": out, "bibtex": bibtex}
        paths = {key: None if path is None else str(path) for key, path in files.items()}
        write_json({**paths, **systems.to_dict()})
    else:
        lines = [text.rstrip("\n")] if out is None else [str(out)]
        write_line("\n".join([*lines, *([] if bibtex is None else [str(bibtex)])]))
