"""Listeners, which are told the progress of long work."""

import warnings
from typing import Protocol


class ParetoSRWarning(UserWarning):
    """Something to know about a result that is still correct."""


class Listener(Protocol):
    """Is told of work in progress; its methods may be called often and must return quickly."""

    def status(self, text: str) -> None:
        """What is being done now; replaces the previous status."""

    def warning(self, text: str) -> None:
        """Something the user should know about the result; told once."""

    def progress(self, done: int, total: int, text: str = "") -> None:
        """`done` of `total` equal parts of the current work are done."""


class Silent:
    """A listener for library use: shows no progress, and warns the way Python libraries do."""

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None:
        warnings.warn(text, ParetoSRWarning, stacklevel=3)

    def progress(self, done: int, total: int, text: str = "") -> None: ...


SILENT: Listener = Silent()
