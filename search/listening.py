"""Who hears what a search does."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from foundation.listener import Listener
from reports.records import TrialRecord

CANDIDATES = "candidates trained"
TRAININGS = "full trainings' worth of steps"


@dataclass(frozen=True)
class Standing:
    """How far a search has come."""

    trained: int
    budget: int | None
    """To be trained in all; None where only the time ends the search."""
    seconds_left: float | None
    """An estimate from what is done so far; None before anything is."""
    unit: str = CANDIDATES
    """What is counted."""


@runtime_checkable
class SearchListener(Listener, Protocol):
    """A listener that hears of each trial too; several may be under way at a time."""

    def trial_started(self, record: TrialRecord, standing: Standing) -> None:
        """A candidate is about to be measured and trained."""

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None:
        """One training of a trial has done `step` of `steps` steps; not all steps are told."""

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None:
        """A trial has reached a rung below the last, and may wait before it goes on."""

    def trial_finished(self, record: TrialRecord) -> None:
        """A trial has ended, in whichever state."""


class TrialsAsProgress:
    """Lets a plain listener follow a search: what is trained of the budget is its progress."""

    def __init__(self, listener: Listener) -> None:
        self.status = listener.status
        self.warning = listener.warning
        self.progress = listener.progress

    def trial_started(self, record: TrialRecord, standing: Standing) -> None:
        if standing.budget is None:
            self.status(f"trial {record.trial}: {record.arch_id}")
        else:
            self.progress(standing.trained, standing.budget, record.arch_id)

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None: ...

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None: ...

    def trial_finished(self, record: TrialRecord) -> None: ...


def as_search_listener(listener: Listener) -> SearchListener:
    """The listener itself, if it hears of trials, or one that tells it how much is trained."""
    return listener if isinstance(listener, SearchListener) else TrialsAsProgress(listener)
