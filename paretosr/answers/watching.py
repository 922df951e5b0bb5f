"""Where a search stands, from the files of its run alone, also while it goes on."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from paretosr.results import Result, Table
from paretosr.runs import Run, open_run
from reports.columns import row_values
from reports.page.history import History, history
from reports.pareto import front
from search.listening import CANDIDATES
from search.storage.live_status import LiveStatus, UnderWay, is_searched, read_status
from search.storage.run_directory import RunDirectory

State = Literal["running", "ended", "not running"]
BARS = "▁▂▃▄▅▆▇█"
SPARKLINE_WIDTH = 40
MOST_FAILURES = 3


@dataclass(frozen=True, repr=False)
class View(Result):
    """Where a search stands.

    Attributes:
        run: what it has found so far.
        state: running; ended, as its last session wrote; or not running, because it was killed.
        status: what it wrote last of what it does; None in a run of an earlier version.
        looked: when the files were read, in seconds since 1970.
    """

    run: Run
    state: State
    status: LiveStatus | None
    looked: float

    @property
    def trained(self) -> int:
        """How many candidates were trained, to the end if the search has a ladder."""
        spent = (it for it in self.run.records if it.train_seconds is not None)
        return sum(record.state not in ("duplicate", "stopped") for record in spent)

    @property
    def under_way(self) -> tuple[UnderWay, ...]:
        """What is measured or trained now; empty unless the search is running."""
        return self.status.under_way if self.status and self.state == "running" else ()

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None where it is not known or the search is not running."""
        if self.status is None or self.status.ends is None or self.state != "running":
            return None
        return max(0.0, self.status.ends - self.looked)

    @property
    def failures(self) -> tuple[str, ...]:
        """Why trials failed, the latest last."""
        failed = (record for record in self.run.records if record.state == "failed")
        return tuple(f"trial {record.trial}: {record.reason}" for record in failed)

    @property
    def course(self) -> History | None:
        """The hypervolume over time; None before a network was trained."""
        volume = self.run.hypervolume
        if volume is None:
            return None
        return history(self.run.rows, self.run.settings.objectives, volume.reference)

    def to_dict(self) -> Mapping[str, object]:
        course, volume = self.course, self.run.hypervolume
        status = self.status
        return {
            "state": self.state,
            "ended": status.ended if status is not None else None,
            "doing": status.doing if status is not None and self.state == "running" else None,
            "trained": self.trained,
            "spent": status.trained if status is not None else None,
            "budget": status.budget if status is not None else None,
            "unit": status.unit if status is not None else None,
            "seconds_left": self.seconds_left,
            "under_way": [asdict(one) for one in self.under_way],
            "failures": list(self.failures),
            "hypervolume": None
            if course is None or volume is None
            else {"reference": dict(volume.reference), **asdict(course)},
            "front": [
                dict(row_values(record))
                for record in front(self.run.rows, self.run.settings.objectives)
            ],
        }

    def tables(self) -> Sequence[Table]:
        return (*self._workers(), self.run.tables()[0])

    def _workers(self) -> Sequence[Table]:
        if not self.under_way:
            return ()
        headings = ("trial", "architecture", "step", "loss", "since")
        rows = tuple(
            (str(one.trial), one.arch_id, *_how_far(one), _duration(self.looked - one.began))
            for one in self.under_way
        )
        return (Table(headings, rows, frozenset(headings) - {"architecture"}, "Under way"),)

    def sentences(self) -> Sequence[str]:
        found = [self.headline]
        course, volume = self.course, self.run.hypervolume
        if course is not None and volume is not None:
            line = sparkline(course.seconds, course.volumes, SPARKLINE_WIDTH)
            found.append(f"{line} {volume}, after {_duration(course.seconds[-1])}")
        failures = self.failures
        if len(failures) > MOST_FAILURES:
            found.append(f"{len(failures)} trials failed, the last of them:")
        return [*found, *failures[-MOST_FAILURES:]]

    @property
    def headline(self) -> str:
        """How far the search has come, in one line."""
        parts = list(self._trained_in_words)
        if self.seconds_left is not None:
            parts.append(f"about {_duration(self.seconds_left)} left")
        if self.state == "running" and self.status is not None and not self.under_way:
            parts.append(self.status.doing)
        return f"{self.run.path}: {self._state_in_words}; {', '.join(parts)}"

    @property
    def _trained_in_words(self) -> Iterator[str]:
        status = self.status
        if status is None or status.budget is None:
            yield f"{self.trained} {CANDIDATES}"
        elif status.unit == CANDIDATES:
            yield f"{self.trained} of {status.budget} {CANDIDATES}"
        else:  # of which those that were left at a rung have had their part
            yield f"{self.trained} {CANDIDATES} to the end"
            if self.state != "ended":
                yield f"{status.trained} of {status.budget} {status.unit} spent"

    @property
    def _state_in_words(self) -> str:
        goes_on = f"`paretosr search --resume {self.run.path}` continues it"
        if self.state == "ended" and self.status is not None:
            return f"the search has ended: {self.status.ended}"
        if self.state == "running" or self.status is None:
            return self.state
        ago = _duration(self.looked - self.status.written)
        return f"not running, it was killed after it last wrote {ago} ago: {goes_on}"


class Watcher:
    """Looks at a run again and again; the journal is read only after it has grown."""

    def __init__(self, run_dir: str | Path) -> None:
        self._run = RunDirectory(Path(run_dir))
        self._size_bytes = -1
        self._found: Run | None = None

    def look(self) -> View:
        """Where the search stands now.

        Raises:
            ValueError: not a run directory, or its files are corrupt.
        """
        # In this order a search that ends meanwhile is not taken for one that was killed.
        is_running = is_searched(self._run)
        status = read_status(self._run)
        journal = self._run.journal
        size_bytes = journal.stat().st_size if journal.exists() else 0
        if self._found is None or size_bytes != self._size_bytes:
            self._found, self._size_bytes = open_run(self._run.path), size_bytes
        state: State = "running" if is_running else "not running"
        # One that has been taken up again has not yet written so.
        if status is not None and status.ended is not None and not is_searched(self._run):
            state = "ended"
        return View(self._found, state, status, time.time())


def watch(run_dir: str | Path) -> View:
    """Return where a search stands, also while it goes on; nothing is written, no torch loaded.

    Raises:
        ValueError: not a run directory, or its files are corrupt.

    Examples:
        >>> import paretosr as psr
        >>> view = psr.watch("runs/mine")  # doctest: +SKIP
        >>> view.state, view.trained, view.seconds_left  # doctest: +SKIP
        ('running', 12, 340.2)
    """
    return Watcher(run_dir).look()


def sparkline(seconds: Sequence[float], values: Sequence[float], width: int) -> str:
    """A line of `width` bars: the last of the values at each of so many moments, from the least.

    `seconds` ascend; the first moment is one `width`-th of the last of them.
    """
    least, most = min(values), max(values)
    bars, place = [], 0
    for moment in range(1, width + 1):
        while place + 1 < len(values) and seconds[place + 1] <= seconds[-1] * moment / width:
            place += 1
        share = (values[place] - least) / (most - least) if most > least else 0.0
        bars.append(BARS[min(int(share * len(BARS)), len(BARS) - 1)])
    return "".join(bars)


def _how_far(one: UnderWay) -> tuple[str, str]:
    if one.step is None:
        return "not training yet", ""
    return f"{one.step:,} of {one.steps:,}", "" if one.loss is None else f"{one.loss:.4g}"


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(max(0.0, seconds))))
