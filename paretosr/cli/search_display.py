"""What a search shows while it runs, all of it on standard error."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reports.records import TrialRecord
from search.config import SearchConfig

REFRESH_SECONDS = 0.2


class SearchDisplay:
    """Two progress bars on a terminal, and a line for each trained or failed candidate."""

    def __init__(self, config: SearchConfig) -> None:
        console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            # No thread of its own: what is timed in this process would pay for its drawing.
            auto_refresh=False,
        )
        self._console = console
        self._refreshed = 0.0
        self._all = self._progress.add_task("trained candidates", total=config.budget.trials)
        self._one = self._progress.add_task("", total=config.steps, visible=False)

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

    def notice(self, text: str) -> None:
        self._console.print(f"note: {text}")

    def trial_started(self, record: TrialRecord, trained: int) -> None:
        self._progress.update(self._all, completed=trained)
        self._progress.reset(self._one, description=record.arch_id, visible=True)
        self._refresh()

    def training_step(self, step: int, loss: float) -> None:
        self._progress.update(self._one, completed=step)
        if time.perf_counter() - self._refreshed >= REFRESH_SECONDS:
            self._refresh()

    def trial_finished(self, record: TrialRecord) -> None:
        self._progress.update(self._one, visible=False)
        self._refresh()
        if record.state == "failed" or record.train_seconds is not None:
            self._console.print(_line(record))

    def _refresh(self) -> None:
        self._progress.refresh()
        self._refreshed = time.perf_counter()


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
