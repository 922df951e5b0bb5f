"""What reaches the terminal: results on standard output, notes on standard error."""

import json
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
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


def rich_table(table: ResultTable) -> RenderableType:
    """A table of a result as rich draws it, without its title."""
    return _Aligned(table.headings, table.rows, table.numeric)


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
    write_table(_Aligned(headings, rows, numbers))


def write_table(table: RenderableType) -> None:
    """Write a table as wide as the terminal, or as wide as it needs where there is none."""
    width = None if sys.stdout.isatty() else _UNLIMITED_WIDTH
    with writing(_STANDARD_OUTPUT):
        Console(width=width, highlight=False, markup=False).print(table)


@dataclass(frozen=True)
class _Aligned:
    """A table whose numbers stay whole: where it is too narrow, their headings and texts wrap."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Collection[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self._table(is_narrow=False)
        wanted = console.measure(table, options=options.update_width(_UNLIMITED_WIDTH)).maximum
        yield table if wanted <= options.max_width else self._table(is_narrow=True)

    def _table(self, *, is_narrow: bool) -> Table:
        padding = (0, 1, 0, 0) if is_narrow else (0, 1)
        table = Table(box=SIMPLE_HEAD, padding=padding, pad_edge=False)
        for place, heading in enumerate(self.headings):
            if heading not in self.numbers:
                table.add_column(heading)
                continue
            widest = max((len(row[place]) for row in self.rows), default=0)
            lines = wrap(heading, max(1, widest), break_long_words=False)
            shown = "\n".join(lines) if is_narrow else heading
            table.add_column(shown, justify="right", no_wrap=True)
        for row in self.rows:
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
