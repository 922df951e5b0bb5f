"""`paretosr init`: a search config to start from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Config to write.")] = Path(
        "search.yaml"
    ),
    target: Annotated[
        str | None,
        typer.Option(
            metavar="RUNTIME[:key=value,...]",
            help="What latency is measured on; see paretosr targets. [default: the quickstart's]",
        ),
    ] = None,
    bound: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="The most allowed of a cost, such as latency_ms=20, or the least of a quality, "
            "such as psnr_y_db=32; repeatable. [default: the quickstart's]",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write a commented search config, which is the quickstart's with your target and bounds.

    \b
    Examples:
      paretosr init
      paretosr init --target onnxruntime:threads=4 --bound latency_ms=20 phone.yaml
    """
    from paretosr import write_config
    from paretosr.cli.output import write_json, write_line

    path = write_config(file, target=target, bounds=_parsed(bound or ()))
    if json:
        write_json({"config": str(path)})
    else:
        write_line(f"{path}: search with `paretosr search {path}`")


def _parsed(bounds: Sequence[str]) -> dict[str, float]:
    parsed: dict[str, float] = {}
    for text in bounds:
        name, _, value = text.partition("=")
        try:
            number = float(value if name.isidentifier() else "")
        except ValueError:
            raise ValueError(
                f"--bound must be COLUMN=VALUE, such as latency_ms=20, got {text!r}"
            ) from None
        if name in parsed:
            raise ValueError(f"--bound {name} must be given once, got {text!r} as well")
        parsed[name] = number
    return parsed
