"""Progress on standard error: a bar with the time left, or lines where there is no terminal."""

import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

# Drawing more often than anyone can see would take time from the work.
_REDRAW_SECONDS = 0.1
# Work that is done within this time leaves no line in a log.
_LINE_SECONDS = 60.0


class TerminalListener:
    """Shows work while it runs, and warnings as notes; `silent` leaves only the warnings.

    Nothing moves by itself: a thread that draws would take time from what is being timed.
    """

    def __init__(self, *, silent: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._is_drawn = self._console.is_terminal and not silent
        self._is_logged = not self._console.is_terminal and not silent
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(
            TextColumn("{task.description}"),
            *map(_OfKnownTotal, columns),
            TextColumn("{task.fields[text]}"),
            console=self._console,
            disable=not self._is_drawn,
            transient=True,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=None, text="")
        self._redrawn = 0.0
        self._began = self._logged = time.monotonic()
        self._status = ""
        self._done, self._total = 0, 0
        self._done_before = 0
        """What an earlier call had done, and the first report of this one names."""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def status(self, text: str) -> None:
        self._status = text
        if self._done == self._total:  # what was counted is done
            self._done, self._total = 0, 0
            self._bar.reset(self._task, total=None, text="")
        self._bar.update(self._task, description=text)
        self._redraw()
        self._log(text)

    def warning(self, text: str) -> None:
        self._console.print(f"note: {text}")

    def progress(self, done: int, total: int, text: str = "") -> None:
        if total != self._total or done < self._done:
            self._began, self._done_before = time.monotonic(), done
            self._bar.reset(self._task, total=total)
        self._done, self._total = done, total
        self._bar.update(self._task, completed=done, text=text)
        if done == total or time.monotonic() - self._redrawn >= _REDRAW_SECONDS:
            self._redraw()
        self._log(self._line(text))

    def _redraw(self) -> None:
        self._bar.refresh()
        self._redrawn = time.monotonic()

    def _log(self, line: str) -> None:
        if self._is_logged and time.monotonic() - self._logged >= _LINE_SECONDS:
            self._console.print(line)
            self._logged = time.monotonic()

    def _line(self, text: str) -> str:
        begun = f"{self._status or 'done'}: {self._done} of {self._total}"
        left = ""
        if self._done_before < self._done < self._total:
            done = self._done - self._done_before
            seconds = (time.monotonic() - self._began) * (self._total - self._done) / done
            left = f"about {timedelta(seconds=round(seconds))} left"
        return ", ".join(filter(None, (begun, left, text)))


class _OfKnownTotal(ProgressColumn):
    """A column that is empty while nobody knows how much there is to do."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else self._column.render(task)  # type: ignore[return-value]
