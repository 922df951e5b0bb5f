"""Who hears what a search does."""

from typing import Protocol, runtime_checkable

from foundation.listener import Listener
from reports.records import TrialRecord


@runtime_checkable
class SearchListener(Listener, Protocol):
    """A listener that hears of each trial too."""

    def trial_started(self, record: TrialRecord, trained: int, budget: int | None) -> None:
        """A candidate is about to be measured and trained, after `trained` of `budget` others."""

    def training_step(self, step: int, steps: int, loss: float) -> None:
        """One training has done `step` of `steps` steps."""

    def trial_finished(self, record: TrialRecord) -> None:
        """A trial has ended, in whichever state."""


class TrialsAsProgress:
    """Lets a plain listener follow a search: the trained candidates are its progress."""

    def __init__(self, listener: Listener) -> None:
        self.status = listener.status
        self.warning = listener.warning
        self.progress = listener.progress

    def trial_started(self, record: TrialRecord, trained: int, budget: int | None) -> None:
        if budget is None:
            self.status(f"trial {record.trial}: {record.arch_id}")
        else:
            self.progress(trained, budget, record.arch_id)

    def training_step(self, step: int, steps: int, loss: float) -> None: ...

    def trial_finished(self, record: TrialRecord) -> None: ...


def as_search_listener(listener: Listener) -> SearchListener:
    """The listener itself, if it hears of trials, or one that tells it how many were trained."""
    return listener if isinstance(listener, SearchListener) else TrialsAsProgress(listener)
