"""What a search shows while it runs, all of it on standard error."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reports.records import TrialRecord

REFRESH_SECONDS = 0.2


class SearchDisplay:
    """Two progress bars on a terminal, and a line for each trained or failed candidate.

    `silent` leaves only the warnings.
    """

    def __init__(self, *, silent: bool = False) -> None:
        console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=silent or not console.is_terminal,
            transient=True,
            # No thread of its own: what is timed in this process would pay for its drawing.
            auto_refresh=False,
        )
        self._console = console
        self._is_silent = silent
        self._refreshed = 0.0
        self._all = self._progress.add_task("trained candidates", total=None)
        self._one = self._progress.add_task("", total=None, visible=False)

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
        """Nothing but trials is counted."""

    def trial_started(self, record: TrialRecord, trained: int, budget: int | None) -> None:
        self._progress.update(self._all, completed=trained, total=budget)
        self._progress.reset(self._one, description=record.arch_id, visible=True)
        self._refresh()

    def training_step(self, step: int, steps: int, loss: float) -> None:
        self._progress.update(self._one, completed=step, total=steps)
        if time.perf_counter() - self._refreshed >= REFRESH_SECONDS:
            self._refresh()

    def trial_finished(self, record: TrialRecord) -> None:
        self._progress.update(self._one, visible=False)
        self._refresh()
        if record.state == "failed" or record.train_seconds is not None:
            self.status(_line(record))

    def _refresh(self) -> None:
        self._progress.refresh()
        self._refreshed = time.perf_counter()


@contextmanager
def search_display(*, silent: bool) -> Iterator[SearchDisplay]:
    """Show a search, which SIGTERM interrupts as Ctrl-C does, so that it can be resumed."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with SearchDisplay(silent=silent) as display:
            yield display
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _line(record: TrialRecord) -> str:
    parts = [f"trial {record.trial}: {record.arch_id}"]
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
