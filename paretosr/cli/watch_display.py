"""A search as it is shown to those who watch it."""

import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from paretosr.answers.watching import View, Watcher
from paretosr.cli.output import rich_table
from paretosr.cli.search_display import trial_line

LOOK_SECONDS = 1.0
LINE_SECONDS = 60.0
"""Between lines in a log, while no candidate ends."""
SHARE_OF_READING = 0.1
"""Of the time, at most; the search has better use for the machine."""


def follow(run_dir: Path, console: Console | None = None) -> None:
    """Show a search until it ends.

    Raises:
        ValueError: not a run directory, or its files are corrupt.
    """
    console = console or Console(highlight=False, markup=False, soft_wrap=True)
    views = _views(Watcher(run_dir))
    if console.is_terminal:
        _draw(views, console)
    else:
        _log(views, console)


def _views(watcher: Watcher) -> Iterator[View]:
    """Look again and again, until the search is not running."""
    while True:
        began = time.monotonic()
        view = watcher.look()
        read_seconds = time.monotonic() - began
        yield view
        if view.state != "running":
            return
        time.sleep(max(LOOK_SECONDS, read_seconds / SHARE_OF_READING))


def _draw(views: Iterator[View], console: Console) -> None:
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for view in views:
            live.update(Group(*_drawn(view)), refresh=True)


def _drawn(view: View) -> Iterator[RenderableType]:
    yield from map(Text, view.sentences())
    for table in view.tables():
        yield Text(f"\n{table.title}")
        yield rich_table(table)


def _log(views: Iterator[View], console: Console) -> None:
    told, logged = 0, -LINE_SECONDS
    for view in views:
        records = view.run.records[told:]
        told += len(records)
        for record in records:
            if record.state in ("trained", "failed") or record.train_seconds is not None:
                console.print(trial_line(record))
        is_due = time.monotonic() - logged >= LINE_SECONDS
        if is_due or view.state != "running":
            console.print(view.headline)
            logged = time.monotonic()
