"""Keeping the journal whole: one writer at a time, no torn line, and nothing but records.

Optuna's journal is a file of one JSON document per line. A process killed while it
appends leaves an unterminated line, which the next append would glue to its own first
line: from then on the file cannot be read at all.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
from optuna.storages import JournalStorage
from optuna.storages.journal import (
    BaseJournalBackend,
    JournalFileBackend,
    JournalFileSymlinkLock,
)

from foundation import writing
from foundation.append_only import cut_torn_line
from foundation.documents import parse_json
from reports.records import TrialRecord
from search.storage.rungs import climb_of, findings_of
from search.storage.warm_started import WarmStarted

STUDY_NAME = "search"
RECORD_KEY = "record"
"""The attribute of a trial that holds its record."""
BASELINE_KEY = "floor"
"""The attribute of the study that holds the bicubic baseline."""
FINDINGS_KEY = "ladder"
"""The attribute of the study with what a search with a ladder has found beside its trials."""
SETTINGS_KEY = "settings"
"""The attribute of the study that holds the settings of the run."""
CHEAPEST_KEY = "cheapest"
"""That with the records of the cheapest designs, measured before the first trial."""
PREPARATION_KEY = "preparation_seconds"
"""That with the seconds of all sessions before their first trials."""
UNKEPT_KEY = "unkept"
"""That which says why no network keeps every bound."""
WARM_START_KEY = "warm_start"
"""The attribute of the study that says what was taken over from earlier runs."""

_BEGINNING = b'{"op_code":'
_CREATE_STUDY, _CREATE_TRIAL = 0, 4
# All of Optuna's but the deletion of a study, after which it would pass over the other lines.
_OPERATIONS = frozenset({_CREATE_STUDY, 2, 3, _CREATE_TRIAL, 5, 6, 7, 8, 9})
# What Optuna raises for a document that it did not write.
_ERRORS = (ValueError, TypeError, LookupError, AttributeError, AssertionError)


@contextmanager
def exclusive(run_dir: Path) -> Iterator[None]:
    """Hold the operating system's lock on a run directory; the kernel frees it on any death.

    Raises:
        ValueError: another process is searching in this directory.
    """
    lock = filelock.FileLock(run_dir / "search.lock")
    try:
        lock.acquire(timeout=0.5)  # for which `is_searched` may hold it
    except filelock.Timeout as error:
        raise ValueError(
            f"one search at a time can use a run directory, and another process is using {run_dir}:"
            " wait for it or choose another directory with --out"
        ) from error
    try:
        yield
    finally:
        lock.release()


def repair_journal(path: Path) -> str | None:
    """Undo what a killed writer left behind; call it only while holding `exclusive`.

    Returns in one line what was mended, to be shown to the user, or None for nothing.

    Raises:
        ValueError: a complete line is no record; nothing has been changed then.
    """
    if not path.exists():
        return None
    check_journal(path)
    torn_bytes = cut_torn_line(path)
    return f"cut an unfinished last line ({torn_bytes} bytes) off {path}" if torn_bytes else None


def check_journal(path: Path) -> None:
    """Read every complete line of the journal as Optuna and the search will.

    Raises:
        ValueError: a complete line is no record of a search, with its number.
    """
    lines = _Lines(path)
    try:
        JournalStorage(lines)
    except _ERRORS as error:
        # What others say of a foreign document, such as "Should not reach", helps nobody.
        reason = f" ({error})" if isinstance(error, _ForeignLineError) else ""
        raise ValueError(
            f"each line of {path} must be a record of a search, but line {lines.number} is corrupt"
            f"{reason}; nothing was changed: restore the file from a copy, or start a new run"
        ) from error


class _HeldLock(JournalFileSymlinkLock):
    """The lock of a journal whose run directory is locked already, by `exclusive`.

    Optuna's own is a file, which a killed writer leaves behind, and an interrupt that comes while
    it is being removed turns into a FileNotFoundError.
    """

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


class WrittenJournal(JournalFileBackend):
    """A journal in which a search writes, by itself; a full disk is told with the file's name."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), lock_obj=_HeldLock(str(path)))
        self._path = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        with writing(self._path):
            super().append_logs(logs)


class _ForeignLineError(ValueError):
    """A line of the journal that no search wrote; the message says why."""


class _Lines(BaseJournalBackend):
    """The complete lines of a journal, which knows at which one its reader is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._studies = 0
        self._trials = 0
        self.number = 0

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as file:
            for self.number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield self._record(line)
                elif self.number == 1 and not _may_begin_a_record(line):
                    raise _ForeignLineError("it begins no record")

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        raise NotImplementedError("this backend only reads")

    def _record(self, line: bytes) -> dict[str, Any]:
        """What one line holds, unless Optuna would pass over its fault in silence."""
        record = parse_json(line.decode())
        if not isinstance(record, dict):
            raise _ForeignLineError("it holds no JSON object")
        operation = record.get("op_code")
        if type(operation) is not int or operation not in _OPERATIONS:
            raise _ForeignLineError("its op_code is none that a search writes")
        if record.get("study_name", STUDY_NAME) != STUDY_NAME:
            raise _ForeignLineError("it begins another study")
        self._check_is_known(record, "study_id", self._studies)
        self._check_is_known(record, "trial_id", self._trials)
        self._studies += operation == _CREATE_STUDY
        self._trials += operation == _CREATE_TRIAL
        attributes = {**record.get("user_attr", {}), **record.get("user_attrs", {})}
        for key in (RECORD_KEY, BASELINE_KEY):
            if key in attributes:
                TrialRecord.from_json(attributes[key])
        for data in attributes.get(CHEAPEST_KEY, ()):
            TrialRecord.from_json(data)
        climb_of(attributes)
        findings_of(attributes.get(FINDINGS_KEY))
        for data in attributes.get(WARM_START_KEY, ()):
            WarmStarted.from_json(data)
        float(attributes.get(PREPARATION_KEY, 0.0))
        return record

    def _check_is_known(self, record: Mapping[str, Any], key: str, created: int) -> None:
        if key in record and record[key] not in range(created):
            raise _ForeignLineError(f"no line before it creates its {key} {record[key]!r}")


def _may_begin_a_record(line: bytes) -> bool:
    return line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
