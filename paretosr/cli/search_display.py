"""What a search shows while it runs, all of it on standard error."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from reports.records import TrialRecord
from search.listening import Standing

REFRESH_SECONDS = 0.2
LINE_SECONDS = 60.0
"""Between lines in a log."""


class SearchDisplay:
    """A line for each trained or failed candidate, and how far the search has come.

    That is a bar with the time left, one for each training under way, and one for what is being
    prepared or timed; where there is no terminal, a line every minute. `silent` leaves only the
    warnings.
    """

    def __init__(self, *, silent: bool = False) -> None:
        console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[time]}"),
            console=console,
            disable=silent or not console.is_terminal,
            transient=True,
            # No thread of its own: what is timed in this process would pay for its drawing.
            auto_refresh=False,
        )
        self._console = console
        self._is_silent = silent
        self._is_logged = not silent and not console.is_terminal
        self._refreshed = 0.0
        self._logged = time.monotonic()
        self._all = self._progress.add_task("", total=None, time="", visible=False)
        self._standing = Standing(0, None, None)
        self._told = time.monotonic()
        self._trials: dict[int, TaskID] = {}
        self._began: dict[TaskID, tuple[float, int]] = {}
        """When a bar began, and at which count: a training that goes on does not begin at 0."""
        self._phase: tuple[str, TaskID] | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def status(self, text: str) -> None:
        if not self._is_silent:
            self._console.print(text)

    def warning(self, text: str) -> None:
        self._console.print(f"note: {text}")

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Show what is prepared or timed, until it is done."""
        if self._phase is None or self._phase[0] != text:
            self._end_phase()
            self._phase = text, self._progress.add_task(text, total=total, time="")
        self._advance(self._phase[1], done, total)
        if done >= total:
            self._end_phase()
        if self._is_logged and time.monotonic() - self._logged >= LINE_SECONDS:
            left = self._left(self._phase[1]) if self._phase else ""
            self._log(", ".join(filter(None, (f"{text}: {done} of {total}", left))))

    def trial_started(self, record: TrialRecord, standing: Standing) -> None:
        self._standing, self._told = standing, time.monotonic()
        self._progress.update(
            self._all,
            description=standing.unit,
            completed=standing.trained,
            total=standing.budget,
            visible=True,
        )
        if record.trial is not None:
            description = f"trial {record.trial}: {record.arch_id}"
            task = self._progress.add_task(description, total=None, time="being measured")
            self._trials[record.trial] = task
        self._refresh()

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None:
        self._advance(self._trials[trial], step, steps)
        if self._is_logged and time.monotonic() - self._logged >= LINE_SECONDS:
            self._log(", ".join(self._under_way()))

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None:
        self._progress.remove_task(self._trials.pop(trial))
        self._refresh()
        self.status(f"trial {trial}: {psnr_y_db:.2f} dB after {steps:,} steps")

    def trial_finished(self, record: TrialRecord) -> None:
        if record.trial in self._trials:
            self._progress.remove_task(self._trials.pop(record.trial))
        self._refresh()
        if record.state in ("failed", "trained") or record.train_seconds is not None:
            self.status(trial_line(record))

    def _advance(self, task: TaskID, done: int, total: int) -> None:
        """Move a bar, with the time left at the pace that it has had."""
        self._began.setdefault(task, (time.monotonic(), done))
        self._progress.update(task, completed=done, total=total)
        self._progress.update(task, time=self._left(task))
        if time.monotonic() - self._refreshed >= REFRESH_SECONDS:
            self._refresh()

    def _left(self, task: TaskID) -> str:
        """The time left of a bar in words; empty where it has hardly begun."""
        bar = next(it for it in self._progress.tasks if it.id == task)
        began, first = self._began[task]
        if bar.total is None or not first < bar.completed < bar.total:
            return ""
        pace = (time.monotonic() - began) / (bar.completed - first)
        return f"about {_clock(pace * (bar.total - bar.completed))} left"

    def _end_phase(self) -> None:
        if self._phase is not None:
            self._progress.remove_task(self._phase[1])
            self._phase = None

    def _log(self, line: str) -> None:
        self._console.print(line)
        self._logged = time.monotonic()

    def _refresh(self) -> None:
        self._progress.update(self._all, time=self._time_left())
        self._progress.refresh()
        self._refreshed = time.monotonic()

    def _time_left(self) -> str:
        """In words, as it was estimated when the last trial started; empty where it is unknown."""
        if self._standing.seconds_left is None:
            return ""
        left = self._standing.seconds_left - (time.monotonic() - self._told)
        return f"about {_clock(left)} left"

    def _under_way(self) -> Iterator[str]:
        """The parts of a line that says how far the search has come."""
        budget = "" if self._standing.budget is None else f" of {self._standing.budget}"
        yield f"{self._standing.trained}{budget} {self._standing.unit}"
        if left := self._time_left():
            yield left
        trials = {task: trial for trial, task in self._trials.items()}
        for task in self._progress.tasks:
            if task.id in trials and task.total is not None:
                yield f"trial {trials[task.id]} at step {task.completed:.0f} of {task.total:.0f}"


@contextmanager
def search_display(*, silent: bool) -> Iterator[SearchDisplay]:
    """Show a search, which SIGTERM interrupts as Ctrl-C does, so that it can be resumed."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with SearchDisplay(silent=silent) as display:
            yield display
    finally:
        signal.signal(signal.SIGTERM, before)


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds: 0:01:30."""
    return str(timedelta(seconds=round(max(0.0, seconds))))


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def trial_line(record: TrialRecord) -> str:
    """What came of a trial, in one line."""
    parts = [f"trial {record.trial}: {record.arch_id}"]
    if record.precision not in (None, "float32"):
        parts.append(str(record.precision))
    if record.psnr_y_db is not None:
        parts.append(f"{record.psnr_y_db:.2f} dB")
    if record.latency_ms is not None:
        parts.append(f"{record.latency_ms:.2f} ms")
    if record.macs is not None:
        parts.append(f"{record.macs / 1e9:.2f} GMACs")
    if record.macs_executed is not None:
        parts.append(f"{record.macs_executed / 1e9:.2f} GMACs executed")
    if record.train_seconds is not None:
        parts.append(f"trained {record.train_seconds:.0f} s")
    if record.state != "trained":
        parts.append(f"{record.state}: {record.reason}")
    return ", ".join(parts)
