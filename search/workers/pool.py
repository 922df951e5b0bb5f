"""What the search asks of its workers, wherever they are; and a pool of one, this process."""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from foundation import raise_interrupt
from search.candidates.candidate import Candidate
from search.candidates.evaluator import CANDIDATE_FAILURES, Evaluator, failure_in_words
from search.config import SearchConfig
from search.preparation import Photographs
from search.storage.run_directory import RunDirectory
from search.workers.messages import Failed, Report, StandingStill, Stepped, Trained, Unwritable

OnTrialStep = Callable[[int, int, float], None]
"""Hears of which trial how many steps are done, and their loss."""


@dataclass(frozen=True)
class Training:
    """One candidate to be trained and judged, and the trial that it belongs to."""

    trial: int
    candidate: Candidate
    steps: int
    """That it has at the end, with those that its checkpoints have."""


class Pool(Protocol):
    """Workers that train candidates; they keep no record of them, and know nothing of the study.

    A training continues from the checkpoints of its candidate, so that any worker can take over
    from one that was lost.
    """

    @property
    def size(self) -> int:
        """How many trainings it takes at a time."""

    def submit(self, training: Training) -> None:
        """Begin a training; fewer than `size` must be under way."""

    def next_ended(self) -> Trained | Failed:
        """Wait for one of the trainings under way to end, and return what came of it.

        Raises:
            OSError: a worker could not write its files.
        """

    def standing_still(self) -> AbstractContextManager[object]:
        """No worker on this machine computes within the block."""


class Cluster(Protocol):
    """Machines whose workers a search may have."""

    def workers_of(self, config: SearchConfig) -> int:
        """Return how many workers a new search has there.

        Raises:
            ValueError: there is no place for a single one.
        """

    def pool(
        self, run: RunDirectory, photographs: Photographs, workers: int, on_step: OnTrialStep
    ) -> AbstractContextManager[Pool]:
        """So many workers for a run, until the context ends."""


SAVING_SECONDS = 10.0
"""Within which an interrupted worker should have saved its training; then it is killed."""


class Place(Protocol):
    """What a pool of others knows of one of its workers."""

    trial: int | None
    """That which it trains."""
    stands_still: bool

    def end(self) -> None:
        """End it at once, if it runs."""


class Results:
    """What the workers of a pool have come to, from what they report."""

    def __init__(self, on_step: OnTrialStep) -> None:
        self.ended: deque[Trained | Failed] = deque()
        self._on_step = on_step

    def take(self, worker: Place, report: Report) -> None:
        """Take note of what a worker says.

        Raises:
            OSError: it could not write its files.
        """
        match report:
            case Stepped():
                self._on_step(report.trial, report.step, report.loss)
            case StandingStill():
                worker.stands_still = True
            case Trained() | Failed():
                worker.trial = None
                self.ended.append(report)
                if isinstance(report, Failed) and report.is_lost:
                    worker.end()  # the next training begins with all of the memory
            case Unwritable():
                raise report.error()


class ThisProcess:
    """A pool of one worker, which trains in this process while `next_ended` waits for it."""

    size = 1

    def __init__(self, evaluator: Evaluator, on_step: OnTrialStep) -> None:
        self._evaluator = evaluator
        self._on_step = on_step
        self._submitted: list[Training] = []

    def submit(self, training: Training) -> None:
        self._submitted.append(training)

    def next_ended(self) -> Trained | Failed:
        training = self._submitted.pop()
        try:
            on_step = partial(self._on_step, training.trial)
            quality = self._evaluator.train(training.candidate, on_step, training.steps)
            return Trained(training.trial, quality)
        except CANDIDATE_FAILURES as error:
            raise_interrupt(error)
            return Failed(training.trial, failure_in_words(error))

    def standing_still(self) -> AbstractContextManager[object]:
        return nullcontext()
