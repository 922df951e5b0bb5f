"""Keeping the journal whole: one writer at a time, and no torn line.

Optuna's journal is a file of one JSON document per line. A process killed while it
appends leaves an unterminated line, which the next append would glue to its own first
line: from then on the file cannot be read at all.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from foundation import writing


@contextmanager
def exclusive(run_dir: Path) -> Iterator[None]:
    """Hold the operating system's lock on a run directory; the kernel frees it on any death.

    Raises:
        ValueError: another process is searching in this directory.
    """
    lock = filelock.FileLock(run_dir / "search.lock")
    try:
        lock.acquire(timeout=0)
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
        ValueError: a complete line is not JSON; nothing has been changed then.
    """
    if not path.exists():
        return None
    check_journal(path)
    torn = _torn_bytes(path)
    if not torn:
        return None
    with writing(path), path.open("rb+") as file:
        file.truncate(path.stat().st_size - torn)
        os.fsync(file.fileno())
    return f"cut an unfinished last line ({torn} bytes) off {path}"


def check_journal(path: Path) -> None:
    """Read every complete line of the journal.

    Raises:
        ValueError: a complete line is not a JSON object, with its number.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n") and not _is_object(line):
                raise ValueError(
                    f"each line of {path} must be a JSON object, but line {number} is corrupt; "
                    "nothing was changed: restore the file from a copy, or start a new run"
                )


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _torn_bytes(path: Path) -> int:
    data = path.read_bytes()
    return len(data) - (data.rfind(b"\n") + 1)
