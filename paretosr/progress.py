"""Progress on standard error, silent when nobody looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Update(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, text: str = "") -> None: ...


@contextmanager
def progress_bar(description: str, *, total: int, silent: bool) -> Iterator[Update]:
    """Yield a function that moves the bar; nothing is drawn if silent or not on a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
    )
    hidden = silent or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden, transient=True) as progress:
        task = progress.add_task(description, total=total, text="")

        def update(done: int, text: str = "") -> None:
            progress.update(task, completed=done, text=text)

        yield update


@contextmanager
def spinner(*, silent: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that says what goes on now; as quiet as `progress_bar`."""
    console = Console(stderr=True)
    if silent or not console.is_terminal:
        yield lambda text: None
        return
    with console.status("") as status:
        yield status.update
