"""The time that a training takes, without what happens beside it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Runs from its making on, from the seconds that it is given."""

    def __init__(self, seconds: float) -> None:
        self._start = time.perf_counter() - seconds

    @property
    def seconds(self) -> float:
        """The time so far."""
        return time.perf_counter() - self._start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stand still for as long as the block takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._start += time.perf_counter() - began
