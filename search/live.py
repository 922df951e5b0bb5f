"""Writing down what a search does while it does it."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from foundation import one_line
from reports.records import TrialRecord
from search.listening import SearchListener, Standing
from search.storage.live_status import LiveStatus, UnderWay
from search.storage.run_directory import RunDirectory

WRITE_SECONDS = 3.0
"""From one status on the disk to the next, at least."""


class LiveListener:
    """Hears what another listener hears, and keeps the status file of the run up to date.

    It writes only when it is told something, at most every `WRITE_SECONDS`.
    """

    def __init__(self, run: RunDirectory, listener: SearchListener) -> None:
        self._run = run
        self._listener = listener
        self._status = LiveStatus(time.time(), "starting", 0, None, None, ())
        self._under_way: dict[int, UnderWay] = {}
        self._waiting: set[int] = set()
        self._written = -math.inf
        self._write()

    def __getattr__(self, name: str) -> Any:
        """What is not written down goes to the other listener as it is."""
        return getattr(self._listener, name)

    def status(self, text: str) -> None:
        self._status = replace(self._status, doing=text)
        self._write()
        self._listener.status(text)

    def progress(self, done: int, total: int, text: str = "") -> None:
        if text and done < total:
            self._status = replace(self._status, doing=f"{text}: {done} of {total}")
            self._write()
        self._listener.progress(done, total, text)

    def trial_started(self, record: TrialRecord, standing: Standing) -> None:
        left = standing.seconds_left
        self._status = replace(
            self._status,
            trained=standing.trained,
            budget=standing.budget,
            unit=standing.unit,
            ends=None if left is None else time.time() + left,
        )
        if record.trial is not None:
            self._waiting.discard(record.trial)
            self._under_way[record.trial] = UnderWay(record.trial, record.arch_id, time.time())
        self._write()
        self._listener.trial_started(record, standing)

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None:
        self._waiting.discard(trial)
        if (known := self._under_way.get(trial)) is not None:
            finite = loss if math.isfinite(loss) else None
            self._under_way[trial] = replace(known, step=step, steps=steps, loss=finite)
        self._write()
        self._listener.training_step(trial, step, steps, loss)

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None:
        self._waiting.add(trial)
        self._write()
        self._listener.rung_reached(trial, steps, psnr_y_db)

    def trial_finished(self, record: TrialRecord) -> None:
        if record.trial is not None:
            self._under_way.pop(record.trial, None)
        self._write()
        self._listener.trial_finished(record)

    def end(self, reason: str) -> None:
        """Write down that the session has ended; what is under way waits for the next."""
        self._status = replace(self._status, ended=reason)
        self._written = -math.inf
        self._write()

    def _write(self) -> None:
        if time.monotonic() - self._written >= WRITE_SECONDS:
            under_way = tuple(
                one for trial, one in self._under_way.items() if trial not in self._waiting
            )
            replace(self._status, written=time.time(), under_way=under_way).write(self._run)
            self._written = time.monotonic()


def told_live(
    run: RunDirectory, listener: SearchListener, search: Callable[[SearchListener], str]
) -> str:
    """Return what ended `search`, which others can watch by the status file of the run."""
    live = LiveListener(run, listener)
    try:
        ended = search(cast(SearchListener, live))
    except BaseException as error:
        with suppress(OSError):  # the disk may be what failed
            live.end("interrupted" if isinstance(error, KeyboardInterrupt) else one_line(error))
        raise
    live.end(ended)
    return ended
