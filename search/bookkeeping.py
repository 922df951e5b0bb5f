"""Telling of trials that have ended: to the study, to the listener, and in the time they took."""

import time

from reports.records import TrialRecord
from search.config import SearchConfig
from search.history import History
from search.listening import SearchListener, Standing
from search.storage.proposal import Proposal, Value
from search.storage.study import SearchStudy, Verdict


class Bookkeeping:
    """The finished trials of a study, and the time that the search has taken."""

    def __init__(
        self, config: SearchConfig, study: SearchStudy, listener: SearchListener, workers: int
    ) -> None:
        self.history = History(study.records())
        self._config = config
        self._study = study
        self._listener = listener
        self._workers = workers
        self.open_seconds = 0.0
        """Of those, what was for rungs of trials that have not ended."""
        self._told = time.perf_counter()

    def begin(self) -> None:
        """Count the time from now on."""
        self._told = time.perf_counter()

    def tell(self, proposal: Proposal, record: TrialRecord, verdict: Verdict) -> None:
        """Finish a trial of the study."""
        self._study.tell(proposal, record, verdict)
        self._heard(record)

    def add(
        self, record: TrialRecord, verdict: Verdict, *, like: int, parameters: dict[str, Value]
    ) -> None:
        """Add a finished trial, with the parameters of another but for those given."""
        self._study.add(record, verdict, like=like, parameters=parameters)
        self._heard(record)

    @property
    def seconds(self) -> float:
        """How long all sessions have prepared and searched by now."""
        return self._study.preparation_seconds + self._searched_seconds

    @property
    def _searched_seconds(self) -> float:
        return self.history.seconds + self.open_seconds + time.perf_counter() - self._told

    def wall_seconds(self, record: TrialRecord, started: float) -> float:
        """The time since the last trial ended, so that those of all trials add up to the search's.

        A trial that an earlier session began has trained for longer than this session lasts: as
        many workers did so at a time.
        """
        parts = record.propose_seconds + record.measure_seconds + record.validation_seconds
        return self.passed(parts + (record.train_seconds or 0.0), started)

    def passed(self, claimed_seconds: float, started: float) -> float:
        """The time since anything ended; what began at `started` says that it took so long."""
        now = time.perf_counter()
        earlier = max(0.0, claimed_seconds - (now - started))
        since, self._told = now - self._told, now
        return since + earlier / self._workers

    @property
    def standing(self) -> Standing:
        """How far the search has come."""
        budget, trained = self._config.budget, self.history.trained
        left = [] if budget.minutes is None else [max(0.0, budget.minutes * 60 - self.seconds)]
        if budget.trials is not None and trained:
            left.append(self._searched_seconds / trained * (budget.trials - trained))
        return Standing(trained, budget.trials, min(left, default=None))

    def _heard(self, record: TrialRecord) -> None:
        self.history.add(record)
        self._listener.trial_finished(record)
