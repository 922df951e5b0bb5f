"""The search loop: ask and gate, let workers train, tell; until the budget is spent."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from blocks.networks.registry import parse_network_config
from foundation import raise_interrupt
from reports.columns import Precision
from reports.records import TrialRecord
from search.candidates.candidate import (
    INT8,
    Candidate,
    Costing,
    described,
    unbuildable,
    with_analytic_cost,
)
from search.candidates.constraints import broken_rule, violations
from search.candidates.evaluator import (
    CANDIDATE_FAILURES,
    Evaluator,
    Programs,
    TrainedQuality,
    failure_in_words,
)
from search.candidates.latency_filter import LatencyFilter, no_latency_filter
from search.config import SearchConfig
from search.history import History, Untried, duplicate_of, was_trained
from search.listening import SearchListener, Standing
from search.space.hyperparameters import suggest
from search.storage.study import Proposal, SearchStudy, Verdict
from search.workers.messages import Failed, Trained
from search.workers.pool import OnTrialStep, Pool, ThisProcess, Training

PRECISION = "precision"
"""The parameter of the study, if there are several."""
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
    """One session of a search over an open study.

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
    ) -> None:
        self._config = config
        self._space = config.space
        self._costing = Costing(config.target, config.seed)
        self._study = study
        self._evaluator = evaluator
        self._listener = listener
        self._latency_filter = latency_filter
        self._pool = pool or ThisProcess(evaluator, on_trial_step(listener, config))
        self._programs = programs
        self._history = History(study.records())
        self._untried = Untried(self._space.networks(), config.precisions)
        self._training: dict[int, _Trial] = {}
        """By trial number, in the order in which they began."""
        self._waiting: list[_Trial] = []
        """Duplicates of those."""
        self._told = time.perf_counter()
        self._still_seconds = 0.0

    def run(self) -> str:
        """Run trials until the budget is spent; return in words what ended the search.

        Raises:
            SearchFailedError: several candidates in a row failed.
        """
        self._told = time.perf_counter()
        for record in self._study.records():
            self._add_twins(record)
        while (reason := self._start_trials()) is None or self._training:
            self._end_trial(self._pool.next_ended())
        if self._still_seconds > 0:
            self._listener.status(
                f"the {self._pool.size} workers stood still for {self._still_seconds:.1f} s, while "
                "costs were measured"
            )
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
        history, budget = self._history, self._config.budget
        if history.failed_in_a_row >= MAX_FAILED_IN_A_ROW:
            raise SearchFailedError(
                f"{history.failed_in_a_row} candidates in a row failed, the last one with: "
                f"{history.last_reason}"
            )
        if budget.trials is not None and history.trained + len(self._training) >= budget.trials:
            return f"the budget of {budget.trials} trained candidates is spent"
        if budget.minutes is not None and self._seconds >= budget.minutes * 60:
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

    @property
    def _seconds(self) -> float:
        """How long all sessions have searched by now."""
        return self._history.seconds + time.perf_counter() - self._told

    def _start_trial(self) -> None:
        """Ask for a trial, and train it unless it can be told without."""
        started = time.perf_counter()
        proposal = self._study.next_proposal()
        if (stored := proposal.stored_record()) is not None:
            self._tell(proposal, stored)
            self._add_twins(stored)
            return
        try:
            precision = cast(Precision, suggest(proposal, PRECISION, self._config.precisions))
            candidate = Candidate.of(self._space.suggest(proposal), precision)
        except ValueError as error:
            record = unbuildable(proposal.number, str(error), self._config.scale)
            self._tell(proposal, replace(record, wall_seconds=self._wall_seconds(record, started)))
            return
        record = described(proposal.number, candidate, self._costing)
        record = replace(record, propose_seconds=time.perf_counter() - started)
        trial = _Trial(proposal, candidate, record, started)
        if (known := self._history.first_of(candidate.arch_id, precision)) is not None:
            self._end(trial, duplicate_of(known, record))
        elif candidate.arch_id in self._in_training():
            self._waiting.append(trial)
        else:
            self._gate(trial)

    def _gate(self, trial: _Trial) -> None:
        """Measure a candidate, and give it to a worker unless it breaks a constraint."""
        record, candidate = trial.record, trial.candidate
        try:
            record = self._judged(with_analytic_cost(record, candidate, self._costing))
        except ValueError as error:
            record = replace(record, state="infeasible", reason=str(error))
        if record.state == "proposed":
            self._listener.trial_started(record, self._standing())
            record = self._without_failure(record, partial(self._before_training, candidate))
        if record.state != "proposed":
            self._end(trial, record)
            return
        trial.record = record
        self._training[trial.proposal.number] = trial
        self._pool.submit(Training(trial.proposal.number, candidate))

    def _before_training(self, candidate: Candidate, record: TrialRecord) -> TrialRecord:
        """The record with what can be known before the training."""
        if candidate.precision == self._config.target.precision:
            record = self._latency_filter(record, candidate.config)
        if record.state == "infeasible" or candidate.is_measured_trained:
            return record
        return self._judged(self._measured(candidate, record))

    def _end_trial(self, outcome: Trained | Failed) -> None:
        """Tell what came of a training, or give it to a worker once more."""
        trial = self._training[outcome.trial]
        if isinstance(outcome, Failed) and outcome.is_lost and not trial.was_lost:
            trial.was_lost = True
            self._listener.warning(
                f"trial {outcome.trial} is trained once more, from its last checkpoint: "
                f"{outcome.reason}"
            )
            self._pool.submit(Training(outcome.trial, trial.candidate))
            return
        if isinstance(outcome, Failed):
            record = replace(trial.record, state="failed", reason=outcome.reason)
        else:
            known = partial(self._after_training, trial.candidate, outcome.quality)
            record = self._without_failure(trial.record, known)
        del self._training[outcome.trial]
        self._end(trial, record)
        self._add_twins(record)
        waiting, self._waiting = self._waiting, []
        for other in waiting:
            if other.candidate.arch_id == record.arch_id:
                earlier = self._history.first_of(record.arch_id, other.candidate.precision)
                assert earlier is not None  # by the twins, if not by the trial itself
                self._end(other, duplicate_of(earlier, other.record))
            else:
                self._waiting.append(other)

    def _after_training(
        self, candidate: Candidate, quality: TrainedQuality, record: TrialRecord
    ) -> TrialRecord:
        """The record of a candidate that was trained."""
        if self._programs is not None:
            trained = replace(
                record,
                train_steps=quality.train_steps,
                train_seconds=quality.train_seconds,
                validation_seconds=quality.validation_seconds,
            )
            is_measured = not candidate.is_measured_trained
            run = partial(self._run_by_target, candidate, self._programs, is_measured)
            return self._without_failure(trained, run)
        record = replace(quality.in_record(record), state="trained")
        if candidate.is_measured_trained:
            record = self._measured(candidate, record)
        return self._judged(record)

    def _run_by_target(
        self, candidate: Candidate, programs: Programs, is_measured: bool, record: TrialRecord
    ) -> TrialRecord:
        """The record of a trained candidate, with what the target's own programs give and cost."""
        if candidate.precision == INT8:
            started = time.perf_counter()
            record = self._judged(programs.quantise(candidate).in_record(record))
            record = replace(record, measure_seconds=time.perf_counter() - started)
        if record.state == "proposed" and not is_measured:
            record = self._judged(self._measured(candidate, record))
        if record.state == "proposed":
            seconds = record.validation_seconds
            record = programs.validate(candidate).in_record(record)
            seconds += record.validation_seconds
            record = self._judged(replace(record, validation_seconds=seconds))
        return replace(record, state="trained") if record.state == "proposed" else record

    def _add_twins(self, trained: TrialRecord) -> None:
        """Judge a network that was trained in every precision in which it is not known yet."""
        if self._programs is None or not was_trained(trained):
            return
        for precision in self._config.precisions:
            if self._history.first_of(trained.arch_id, precision) is None:
                self._add_twin(trained, precision, self._programs)

    def _add_twin(self, trained: TrialRecord, precision: Precision, programs: Programs) -> None:
        """Add a trial of its own with the weights of another."""
        assert trained.trial is not None and trained.config is not None  # as of all that is trained
        started = time.perf_counter()
        candidate = Candidate.of(parse_network_config(trained.config), precision)
        record = described(self._study.next_number, candidate, self._costing)
        record = with_analytic_cost(record, candidate, self._costing)
        record = self._judged(replace(record, train_steps=trained.train_steps))
        if record.state == "proposed":
            self._listener.trial_started(record, self._standing())
            run = partial(self._run_by_target, candidate, programs, False)
            record = self._without_failure(record, run)
        record = replace(record, wall_seconds=self._wall_seconds(record, started))
        self._study.add(
            record, self._verdict(record), like=trained.trial, parameters={PRECISION: precision}
        )
        self._heard(record)

    def _measured(self, candidate: Candidate, record: TrialRecord) -> TrialRecord:
        with self._standing_still():
            started = time.perf_counter()
            record = self._evaluator.measure(candidate).in_record(record)
            seconds = record.measure_seconds + time.perf_counter() - started
            return replace(record, measure_seconds=seconds)

    @contextmanager
    def _standing_still(self) -> Iterator[None]:
        """Let no worker compute on this machine while something is timed on it."""
        if "latency_ms" not in self._config.columns or self._config.target.host:
            yield
            return
        with self._pool.standing_still():
            began = time.perf_counter()
            yield
            if self._pool.size > 1:
                self._still_seconds += time.perf_counter() - began

    def _without_failure(
        self, record: TrialRecord, measure: Callable[[TrialRecord], TrialRecord]
    ) -> TrialRecord:
        """The record as measured, or one that says why it could not be."""
        try:
            return measure(record)
        except CANDIDATE_FAILURES as error:
            raise_interrupt(error)
            return replace(record, state="failed", reason=failure_in_words(error))

    def _judged(self, record: TrialRecord) -> TrialRecord:
        """The record, marked infeasible where a column known by now breaks a constraint."""
        rule = broken_rule(self._config.constraints, record)
        return record if rule is None else replace(record, state="infeasible", reason=rule)

    def _end(self, trial: _Trial, record: TrialRecord) -> None:
        wall_seconds = self._wall_seconds(record, trial.started)
        self._tell(trial.proposal, replace(record, wall_seconds=wall_seconds))

    def _tell(self, proposal: Proposal, record: TrialRecord) -> None:
        self._study.tell(proposal, record, self._verdict(record))
        self._heard(record)

    def _heard(self, record: TrialRecord) -> None:
        self._history.add(record)
        self._listener.trial_finished(record)

    def _verdict(self, record: TrialRecord) -> Verdict:
        broken = violations(self._config.constraints, record)
        return Verdict.of(record, self._config.objectives, broken)

    def _wall_seconds(self, record: TrialRecord, started: float) -> float:
        """The time since the last trial ended, so that those of all trials add up to the search's.

        A trial that an earlier session began has trained for longer than this session lasts: as
        many workers did so at a time.
        """
        now = time.perf_counter()
        parts = record.propose_seconds + record.measure_seconds + record.validation_seconds
        earlier = max(0.0, parts + (record.train_seconds or 0.0) - (now - started))
        since, self._told = now - self._told, now
        return since + earlier / self._pool.size

    def _standing(self) -> Standing:
        budget, trained, seconds = self._config.budget, self._history.trained, self._seconds
        left = [] if budget.minutes is None else [max(0.0, budget.minutes * 60 - seconds)]
        if budget.trials is not None and trained:
            left.append(seconds / trained * (budget.trials - trained))
        return Standing(trained, budget.trials, min(left, default=None))
