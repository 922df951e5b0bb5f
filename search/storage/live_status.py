"""What a search that goes on is doing, in a small file for those who watch it."""

import fcntl
import json
from dataclasses import asdict, dataclass

import pydantic

from foundation import write_text_atomically
from foundation.configs import parse_config
from foundation.documents import read_json
from search.listening import CANDIDATES
from search.storage.run_directory import RunDirectory

STATUS_FILE = "status.json"


@dataclass(frozen=True)
class UnderWay:
    """One candidate that is being measured or trained."""

    trial: int
    arch_id: str
    began: float
    """In seconds since 1970, like all moments here."""
    step: int | None = None
    """None before its training began."""
    steps: int | None = None
    loss: float | None = None
    """Of the last step that was told; None also where it is not finite."""


@dataclass(frozen=True)
class LiveStatus:
    """How far a search had come at the moment `written`."""

    written: float
    doing: str
    """What the search last said that it does."""
    trained: int
    """When the last candidate began."""
    budget: int | None
    """To be trained in all; None where only the time ends the search."""
    ends: float | None
    """About when; None before anything is done."""
    under_way: tuple[UnderWay, ...]
    ended: str | None = None
    """What ended the session, in words; None while it goes on, and after a kill."""
    unit: str = CANDIDATES
    """What is counted."""

    def write(self, run: RunDirectory) -> None:
        """Replace the file of a run.

        Raises:
            OSError: it cannot be written.
        """
        write_text_atomically(run.path / STATUS_FILE, json.dumps(asdict(self)) + "\n")


_STATUS: pydantic.TypeAdapter[LiveStatus] = pydantic.TypeAdapter(LiveStatus)


def read_status(run: RunDirectory) -> LiveStatus | None:
    """What the last session wrote; None in a run of an earlier version.

    Raises:
        ValueError: the file holds something else.
    """
    path = run.path / STATUS_FILE
    return parse_config(_STATUS, read_json(path), str(path)) if path.exists() else None


def is_searched(run: RunDirectory) -> bool:
    """Whether a process searches in the directory now; nothing is written."""
    lock = run.path / "search.lock"
    if not lock.exists():
        return False
    with lock.open("rb") as file:
        try:
            # Shared, and only until the file is closed, for which a search that begins waits.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
