"""Progress on standard error, silent when nobody looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.control import Control
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.segment import ControlType


class Update(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, text: str = "") -> None: ...


@contextmanager
def progress_bar(
    description: str, *, total: int, silent: bool, still: bool = False
) -> Iterator[Update]:
    """Yield a function that moves the bar; nothing is drawn if silent or not on a terminal.

    A bar that is `still` is drawn at updates only: a thread that draws would take time from
    what is being timed.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
    )
    hidden = silent or not console.is_terminal
    with Progress(
        *columns, console=console, disable=hidden, transient=True, auto_refresh=not still
    ) as progress:
        task = progress.add_task(description, total=total, text="")

        def update(done: int, text: str = "") -> None:
            progress.update(task, completed=done, text=text, refresh=still)

        yield update


@contextmanager
def status_line(*, silent: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that says what goes on now; as quiet as `progress_bar`.

    Nothing moves by itself: a thread that draws would take time from what is being timed.
    """
    console = Console(stderr=True, highlight=False, markup=False)
    if silent or not console.is_terminal:
        yield lambda text: None
        return

    def tell(text: str) -> None:
        console.control(Control.move_to_column(0), Control((ControlType.ERASE_IN_LINE, 2)))
        console.print(text, end="")

    try:
        yield tell
    finally:
        tell("")
