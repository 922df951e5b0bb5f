"""The arguments and options that several commands share, declared once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from foundation import has_suffix
from paretosr.cli.replaced import replaced

Number = TypeVar("Number", int, float)


def positive(parameter: typer.CallbackParam, value: Number | None) -> Number | None:
    """Return `value` if it is absent or greater than 0.

    Raises:
        ValueError: it is 0, negative or not a number.
    """
    if value is not None and not value > 0:
        raise ValueError(f"{parameter.opts[0]} must be greater than 0, got {value}")
    return value


def html_file(parameter: typer.CallbackParam, value: Path | None) -> Path | None:
    """Return `value` if it is absent or a file for a page.

    Raises:
        ValueError: its name ends otherwise than in .html.
    """
    if value is not None and not has_suffix(value, ".html"):
        raise ValueError(f"{parameter.opts[0]} must end in .html, got {str(value)!r}")
    return value


_MODEL_HELP = (
    "Catalogue name, .json/.yaml config, .safetensors checkpoint, folder of paretosr compress, "
    "RUN_DIR:TRIAL, RUN_DIR:pick or bicubic."
)
HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        callback=html_file,
        help="Write a page as well, with a heat map and what spends the MACs; it opens offline.",
    ),
]
TeacherOption = Annotated[
    str | None,
    typer.Option(
        metavar="CHECKPOINT",
        help="Learn the images of this trained network of the same scale beside the originals.",
    ),
]
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help=_MODEL_HELP)]
ScaleOption = Annotated[
    int | None,
    typer.Option(
        metavar="2|3|4",
        help="Scale factor; needed where MODEL does not say it (catalogue names, bicubic).",
    ),
]
TargetOption = Annotated[
    str,
    typer.Option(
        metavar="[ssh://HOST/]RUNTIME[:key=value,...]",
        help="What to measure on; see paretosr targets.",
    ),
]
ProgramTargetOption = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="[ssh://HOST/]RUNTIME[:key=value,...]",
        help="Enlarge by this target's own program, made for images of any size; see paretosr "
        "targets. By default PyTorch computes, here.",
    ),
]
CalibrationImagesOption = Annotated[
    str,
    typer.Option(
        "--calibration-images",
        metavar="DIR|bundled",
        help="Training images by which a MODEL that is not quantised is quantised for a target "
        "with precision=int8.",
    ),
]
RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN_DIR", help="Run directory that `paretosr search` wrote.")
]
DataOption = Annotated[
    str,
    typer.Option(
        metavar="DIR|bundled",
        help="Folder of images (PNG, JPEG, WebP, AVIF, TIFF, ...), or the embedded photographs.",
    ),
]
LowOption = Annotated[
    str | None,
    typer.Option(
        "--lr",
        metavar="DIR",
        help="Folder of the low-resolution images of --data, each called like its original or, "
        "for x2, with x2 behind, or of folders X2, X3, X4 or LRbicx2, ... of them. By default "
        "MATLAB's imresize makes them.",
    ),
]
VariantOption = Annotated[
    str | None,
    typer.Option(
        metavar="VARIANT",
        help="Variant in which the network is computed; by default the fastest of its variants.",
    ),
]
FormOption = Annotated[str | None, replaced("--variant {value}")]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print the result as one JSON document on standard output."),
]
SourcesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="RUN_DIR; a trained MODEL, evaluated on --evaluate; the JSON of paretosr evaluate; "
        "published:DATA[,DATA][:NAME,NAME], such as published:Set5.",
    ),
]
EvaluateOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DIR",
        help="Folder of images on which each MODEL is evaluated, named like its data set; "
        "repeatable.",
    ),
]
PublishedScaleOption = Annotated[
    int | None,
    typer.Option(
        metavar="2|3|4",
        help="Scale of the published models, and of a MODEL that does not say it.",
        show_default="that of the other sources",
    ),
]
NameOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SOURCE=TEXT", help="What a source or a published model is called; repeatable."
    ),
]
CountedOption = Annotated[
    bool,
    typer.Option(
        "--counted",
        help="Published MACs and parameters as this project counts them, where it has the "
        "network, in place of the printed ones.",
    ),
]


def parsed_names(pairs: Sequence[str]) -> dict[str, str]:
    """The names that --name gives.

    Raises:
        ValueError: an option is not SOURCE=TEXT.
    """
    names = {}
    for pair in pairs:
        source, equals, text = pair.partition("=")
        if not (source and equals and text):
            raise ValueError(
                f"--name must be SOURCE=TEXT, such as best.safetensors=Ours, got {pair!r}"
            )
        names[source] = text
    return names
