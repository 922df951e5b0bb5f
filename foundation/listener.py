"""Who hears what long work has to say while it runs."""

import warnings
from typing import Protocol


class ParetoSRWarning(UserWarning):
    """Something to know about a result that is right all the same."""


class Listener(Protocol):
    """Hears of work in progress; every method may be called often and must return soon."""

    def status(self, text: str) -> None:
        """What is being done now; replaces the status before."""

    def warning(self, text: str) -> None:
        """Something the user should know about the result, said once."""

    def progress(self, done: int, total: int, text: str = "") -> None:
        """`done` of `total` equal parts of the current work are done."""


class Silent:
    """A listener for library use: shows no progress, and warns the way Python libraries do."""

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None:
        warnings.warn(text, ParetoSRWarning, stacklevel=3)

    def progress(self, done: int, total: int, text: str = "") -> None: ...


SILENT: Listener = Silent()
