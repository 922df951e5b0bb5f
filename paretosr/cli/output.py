"""What reaches the terminal: results on standard output, notes on standard error."""

import json
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table

from foundation import writing
from paretosr.results import Result
from paretosr.results import Table as ResultTable

_STANDARD_OUTPUT = Path("standard output")
# What is piped into a file must be neither wrapped nor cut.
_UNLIMITED_WIDTH = 1000


def write_result(result: Result, *, as_json: bool) -> None:
    """Write a result as one JSON document, or as its tables and sentences."""
    if as_json:
        write_json(result.to_dict())
        return
    for table in result.tables():
        write_table_of(table)
    for sentence in result.sentences():
        write_line(sentence)


def write_table_of(table: ResultTable) -> None:
    """Write one table of a result, after its title."""
    if table.title:
        write_line(table.title)
    write_table(rich_table(table))


def rich_table(table: ResultTable) -> Table:
    """A table of a result as rich draws it, without its title."""
    return _aligned(table.headings, table.rows, table.numeric)


def write_json(value: object) -> None:
    """Write one JSON document; a number that is not finite becomes null."""
    write_line(json.dumps(_finite(value), indent=2, allow_nan=False))


def write_line(line: str) -> None:
    """Write one line of a result."""
    with writing(_STANDARD_OUTPUT):
        typer.echo(line)


def write_note(line: str) -> None:
    """Write to standard error one line that is not part of the result."""
    typer.echo(f"note: {line}", err=True)


def write_rows(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Collection[str] = ()
) -> None:
    """Write an aligned table; the columns headed as in `numbers` are aligned to the right."""
    write_table(_aligned(headings, rows, numbers))


def write_table(table: RenderableType) -> None:
    """Write a table as wide as the terminal, or as wide as it needs where there is none."""
    width = None if sys.stdout.isatty() else _UNLIMITED_WIDTH
    with writing(_STANDARD_OUTPUT):
        Console(width=width, highlight=False, markup=False).print(table)


def _aligned(
    headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str]
) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numbers else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
