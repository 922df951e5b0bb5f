"""The search loop: ask and gate, let workers train, tell; until the budget is spent."""

import time
from dataclasses import dataclass, replace
from typing import cast

from reports.columns import Precision
from reports.records import TrialRecord
from search.appraisal import Appraisal, CostOf
from search.bookkeeping import Bookkeeping
from search.candidates.candidate import Candidate, described, unbuildable, with_analytic_cost
from search.candidates.evaluator import Evaluator, Programs
from search.candidates.latency_filter import LatencyFilter, no_latency_filter
from search.config import SearchConfig
from search.history import History, Untried, duplicate_of
from search.listening import SearchListener
from search.space.hyperparameters import suggest
from search.space.search_space import SearchSpace
from search.storage.proposal import Proposal
from search.storage.study import SearchStudy
from search.twins import PRECISION, Twins
from search.workers.messages import Failed, Trained
from search.workers.pool import OnTrialStep, Pool, ThisProcess, Training

MAX_UNTRAINED_IN_A_ROW = 300
MAX_FAILED_IN_A_ROW = 5
MAX_WAITING = 8
"""Proposals that wait for the training of the same network; with more, a worker rather idles."""


class SearchFailedError(RuntimeError):
    """Candidate after candidate fails, so that the fault is hardly theirs."""


@dataclass
class _Trial:
    """A trial that has not ended, and what is known of it by now."""

    proposal: Proposal
    candidate: Candidate
    record: TrialRecord
    started: float
    was_lost: bool = False
    """With a worker, so that it is tried for the second time."""


def on_trial_step(listener: SearchListener, config: SearchConfig) -> OnTrialStep:
    """What lets a listener hear of the steps that a pool trains."""
    return lambda trial, step, loss: listener.training_step(trial, step, config.steps, loss)


class Search:
    """One session of a search over an open study, whose candidates are all trained to the end.

    Only here trials are asked for and told, and costs measured; the workers of `pool`, by default
    this process, train. What is proposed depends on the seed, the trial's number, and on the trials
    that have ended or are under way.
    """

    def __init__(
        self,
        config: SearchConfig,
        study: SearchStudy,
        evaluator: Evaluator,
        listener: SearchListener,
        latency_filter: LatencyFilter = no_latency_filter,
        pool: Pool | None = None,
        programs: Programs | None = None,
        *,
        space: SearchSpace | None = None,
        cost_of: CostOf = with_analytic_cost,
    ) -> None:
        self._config = config
        self._space = space or config.space
        self._study = study
        self._listener = listener
        self._pool = pool or ThisProcess(evaluator, on_trial_step(listener, config))
        self._appraisal = Appraisal(
            config, evaluator, latency_filter, self._pool, programs, cost_of
        )
        self._books = Bookkeeping(config, study, listener, self._pool.size)
        self._twins = Twins(config, study, self._appraisal, self._books, listener, programs)
        self._untried = Untried(self._space.networks(), config.precisions)
        self._training: dict[int, _Trial] = {}
        """By trial number, in the order in which they began."""
        self._waiting: list[_Trial] = []
        """Duplicates of those."""

    def run(self) -> str:
        """Run trials until the budget is spent; return in words what ended the search.

        Raises:
            SearchFailedError: several candidates in a row failed.
        """
        self._books.begin()
        for record in self._study.records():
            self._twins.add(record)
        while (reason := self._start_trials()) is None or self._training:
            self._end_trial(self._pool.next_ended())
        tell_of_waits(self._appraisal, self._pool, self._listener)
        return reason

    def _start_trials(self) -> str | None:
        """Give every worker something to do; return why one gets nothing more, or None."""
        while len(self._training) < self._pool.size:
            if (reason := self._ended()) is not None:
                return reason
            if self._training and len(self._waiting) >= MAX_WAITING:
                return None
            self._start_trial()
        return None

    def _ended(self) -> str | None:
        history, budget = self._books.history, self._config.budget
        check_failures(history)
        if budget.trials is not None and history.trained + len(self._training) >= budget.trials:
            return f"the budget of {budget.trials} trained candidates is spent"
        if budget.minutes is not None and self._books.seconds >= budget.minutes * 60:
            return f"the budget of {budget.minutes:g} minutes is spent"
        if not self._untried.remain(history, self._in_training()):
            return (
                "the space is exhausted: every architecture in it has been tried "
                f"({history.architectures})"
            )
        if history.untrained_in_a_row >= MAX_UNTRAINED_IN_A_ROW:
            return (
                f"{history.untrained_in_a_row} proposals in a row were duplicates or broke a "
                f"constraint (the last: {history.last_reason}): the space seems exhausted"
            )
        return None

    def _in_training(self) -> set[str]:
        """The ids of the architectures that workers train."""
        return {trial.candidate.arch_id for trial in self._training.values()}

    def _start_trial(self) -> None:
        """Ask for a trial, and train it unless it can be told without."""
        started = time.perf_counter()
        proposal = self._study.next_proposal()
        if (stored := proposal.stored_record()) is not None:
            self._tell(proposal, stored)
            self._twins.add(stored)
            return
        try:
            precision = cast(Precision, suggest(proposal, PRECISION, self._config.precisions))
            candidate = Candidate.of(self._space.suggest(proposal), precision)
        except ValueError as error:
            record = unbuildable(proposal.number, str(error), self._config.scale)
            wall_seconds = self._books.wall_seconds(record, started)
            self._tell(proposal, replace(record, wall_seconds=wall_seconds))
            return
        record = described(proposal.number, candidate, self._appraisal.costing)
        record = replace(record, propose_seconds=time.perf_counter() - started)
        trial = _Trial(proposal, candidate, record, started)
        known = self._books.history.first_of(candidate.arch_id, precision)
        if known is not None:
            self._end(trial, duplicate_of(known, record))
        elif candidate.arch_id in self._in_training():
            self._waiting.append(trial)
        else:
            self._gate(trial)

    def _gate(self, trial: _Trial) -> None:
        """Measure a candidate, and give it to a worker unless it breaks a constraint."""
        record = self._appraisal.of_design(trial.record, trial.candidate)
        if record.state == "proposed":
            self._listener.trial_started(record, self._books.standing)
            record = self._appraisal.before_training(trial.candidate, record)
        if record.state != "proposed":
            self._end(trial, record)
            return
        trial.record = record
        self._training[trial.proposal.number] = trial
        self._submit(trial)

    def _submit(self, trial: _Trial) -> None:
        number, steps = trial.proposal.number, self._config.steps
        self._pool.submit(Training(number, trial.candidate, steps))

    def _end_trial(self, outcome: Trained | Failed) -> None:
        """Tell what came of a training, or give it to a worker once more."""
        trial = self._training[outcome.trial]
        if isinstance(outcome, Failed) and outcome.is_lost and not trial.was_lost:
            trial.was_lost = True
            warn_of_second_try(outcome, self._listener)
            self._submit(trial)
            return
        if isinstance(outcome, Failed):
            record = replace(trial.record, state="failed", reason=outcome.reason)
        else:
            record = self._appraisal.after_training(trial.candidate, outcome.quality, trial.record)
        del self._training[outcome.trial]
        self._end(trial, record)
        self._twins.add(record)
        waiting, self._waiting = self._waiting, []
        for other in waiting:
            if other.candidate.arch_id == record.arch_id:
                earlier = self._books.history.first_of(record.arch_id, other.candidate.precision)
                assert earlier is not None  # by the twins, if not by the trial itself
                self._end(other, duplicate_of(earlier, other.record))
            else:
                self._waiting.append(other)

    def _end(self, trial: _Trial, record: TrialRecord) -> None:
        wall_seconds = self._books.wall_seconds(record, trial.started)
        self._tell(trial.proposal, replace(record, wall_seconds=wall_seconds))

    def _tell(self, proposal: Proposal, record: TrialRecord) -> None:
        self._books.tell(proposal, record, self._appraisal.verdict(record))


def check_failures(history: History) -> None:
    """Check that not everything fails.

    Raises:
        SearchFailedError: several candidates in a row failed.
    """
    if history.failed_in_a_row >= MAX_FAILED_IN_A_ROW:
        raise SearchFailedError(
            f"{history.failed_in_a_row} candidates in a row failed, the last one with: "
            f"{history.last_reason}"
        )


def warn_of_second_try(lost: Failed, listener: SearchListener) -> None:
    """Tell that the training of a lost worker is tried once more."""
    listener.warning(
        f"trial {lost.trial} is trained once more, from its last checkpoint: {lost.reason}"
    )


def tell_of_waits(appraisal: Appraisal, pool: Pool, listener: SearchListener) -> None:
    """Tell how long workers stood still, if they did."""
    if appraisal.still_seconds > 0:
        listener.status(
            f"the {pool.size} workers stood still for {appraisal.still_seconds:.1f} s, while "
            "costs were measured"
        )
