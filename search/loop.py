"""The search loop: ask, gate, evaluate, tell, until the budget is spent."""

import time
from collections.abc import Iterator
from dataclasses import replace

from blocks.networks.registry import NetworkConfig
from foundation import one_line, raise_interrupt
from reports.records import TrialRecord
from search.candidates.candidate import (
    Candidate,
    Costing,
    described,
    unbuildable,
    with_analytic_cost,
)
from search.candidates.constraints import broken_rule, violations
from search.candidates.evaluator import Evaluator
from search.candidates.latency_filter import LatencyFilter, no_latency_filter
from search.config import SearchConfig
from search.listening import SearchListener
from search.storage.study import Proposal, SearchStudy, Verdict

MAX_UNTRAINED_IN_A_ROW = 300
MAX_FAILED_IN_A_ROW = 5

# What a candidate can do wrong: diverge, run out of memory, crash its runtime, be too
# small for its input. An OSError (a full disk) is not the candidate's and ends the search.
CANDIDATE_FAILURES = (RuntimeError, ValueError, ArithmeticError, MemoryError)


class SearchFailedError(RuntimeError):
    """Candidate after candidate fails, so that the fault is hardly theirs."""


class Search:
    """One session of a search over an open study."""

    def __init__(
        self,
        config: SearchConfig,
        study: SearchStudy,
        evaluator: Evaluator,
        listener: SearchListener,
        latency_filter: LatencyFilter = no_latency_filter,
    ) -> None:
        self._config = config
        self._space = config.space
        self._costing = Costing(config.target, config.seed)
        self._study = study
        self._evaluator = evaluator
        self._listener = listener
        self._latency_filter = latency_filter
        self._history = _History()
        for record in study.records():
            self._history.add(record)
        self._untried = _Untried(self._space.networks())

    def run(self) -> str:
        """Run trials until the budget is spent; return in words what ended the search.

        Raises:
            SearchFailedError: several candidates in a row failed.
        """
        while (reason := self._ended()) is None:
            self._run_trial()
        return reason

    def _ended(self) -> str | None:
        history, budget = self._history, self._config.budget
        if history.failed_in_a_row >= MAX_FAILED_IN_A_ROW:
            raise SearchFailedError(
                f"{history.failed_in_a_row} candidates in a row failed, the last one with: "
                f"{history.last_reason}"
            )
        if budget.trials is not None and history.trained >= budget.trials:
            return f"the budget of {budget.trials} trained candidates is spent"
        if budget.minutes is not None and history.seconds >= budget.minutes * 60:
            return f"the budget of {budget.minutes:g} minutes is spent"
        if not self._untried.remain(history):
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

    def _run_trial(self) -> None:
        started = time.perf_counter()
        proposal = self._study.next_proposal()
        record = proposal.stored_record()
        if record is None:
            record = self._evaluated(proposal, started)
            record = replace(record, wall_seconds=_wall_seconds(record, started))
        self._study.tell(proposal, record, self._verdict(record))
        self._history.add(record)
        self._listener.trial_finished(record)

    def _evaluated(self, proposal: Proposal, started: float) -> TrialRecord:
        try:
            candidate = Candidate.of(self._space.suggest(proposal))
        except ValueError as error:
            return unbuildable(proposal.number, str(error), self._config.scale)
        record = described(proposal.number, candidate, self._costing)
        record = replace(record, propose_seconds=time.perf_counter() - started)
        if (known := self._history.first_of(record.arch_id)) is not None:
            return _duplicate(known, record)
        try:
            record = self._gated(with_analytic_cost(record, candidate, self._costing))
        except ValueError as error:
            return replace(record, state="infeasible", reason=str(error))
        if record.state == "infeasible":
            return record
        budget = self._config.budget.trials
        self._listener.trial_started(record, self._history.trained, budget)
        try:
            return self._trained(record, candidate)
        except CANDIDATE_FAILURES as error:
            raise_interrupt(error)
            reason = f"{type(error).__name__}: {one_line(error)}"
            return replace(record, state="failed", reason=reason)

    def _trained(self, record: TrialRecord, candidate: Candidate) -> TrialRecord:
        """The record of a candidate that was measured and trained, or measured and left."""
        record = self._latency_filter(record, candidate.config)
        if record.state == "infeasible":
            return record
        if not candidate.config.is_input_adaptive:
            record = self._gated(self._measured(record, candidate))
            if record.state == "infeasible":
                return record
        quality = self._evaluator.train(candidate, self._heard_step)
        record = replace(quality.in_record(record), state="trained")
        if candidate.config.is_input_adaptive:
            record = self._measured(record, candidate)
        return self._gated(record)

    def _heard_step(self, step: int, loss: float) -> None:
        self._listener.training_step(step, self._config.steps, loss)

    def _measured(self, record: TrialRecord, candidate: Candidate) -> TrialRecord:
        started = time.perf_counter()
        record = self._evaluator.measure(candidate).in_record(record)
        return replace(record, measure_seconds=time.perf_counter() - started)

    def _gated(self, record: TrialRecord) -> TrialRecord:
        """The record, marked infeasible where a column known by now breaks a constraint."""
        rule = broken_rule(self._config.constraints, record)
        return record if rule is None else replace(record, state="infeasible", reason=rule)

    def _verdict(self, record: TrialRecord) -> Verdict:
        values = [getattr(record, name) for name in self._config.objectives]
        known = [float(value) for value in values if value is not None]
        return Verdict(
            values=known if len(known) == len(values) else None,
            violations=violations(self._config.constraints, record),
        )


class _History:
    """The finished trials of all sessions, counted as they come."""

    def __init__(self) -> None:
        self._first: dict[str, TrialRecord] = {}
        self.trained = 0
        self.seconds = 0.0
        self.untrained_in_a_row = 0
        self.failed_in_a_row = 0
        self.last_reason: str | None = None

    def add(self, record: TrialRecord) -> None:
        self._first.setdefault(record.arch_id, record)
        self.seconds += record.wall_seconds
        self.last_reason = record.reason
        was_trained = record.train_steps is not None and record.state != "duplicate"
        self.trained += was_trained
        if was_trained:
            self.untrained_in_a_row = self.failed_in_a_row = 0
        elif record.state == "failed":
            self.failed_in_a_row += 1
        else:
            self.untrained_in_a_row += 1

    def first_of(self, arch_id: str) -> TrialRecord | None:
        return self._first.get(arch_id)

    @property
    def architectures(self) -> int:
        """How many different ones were proposed."""
        return sum(record.config is not None for record in self._first.values())


class _Untried:
    """Whether a space holds networks that no trial has proposed.

    The id of one such network is kept at hand until it is proposed: each is passed only once, so
    that a space of any size costs little.
    """

    def __init__(self, networks: Iterator[NetworkConfig]) -> None:
        self._arch_ids = (config.arch_id for config in networks)
        self._next = next(self._arch_ids, None)

    def remain(self, history: _History) -> bool:
        while self._next is not None and history.first_of(self._next) is not None:
            self._next = next(self._arch_ids, None)
        return self._next is not None


def _duplicate(known: TrialRecord, record: TrialRecord) -> TrialRecord:
    """What is known of the architecture, under the number of the new trial."""
    return replace(
        known,
        trial=record.trial,
        state="duplicate",
        reason=f"the architecture of trial {known.trial} ({known.state})",
        train_seconds=None,
        validation_seconds=0.0,
        measure_seconds=0.0,
        propose_seconds=record.propose_seconds,
    )


def _wall_seconds(record: TrialRecord, started: float) -> float:
    # A trial that an earlier session began has trained for longer than this session lasts.
    parts = record.propose_seconds + record.measure_seconds + record.validation_seconds
    return max(time.perf_counter() - started, parts + (record.train_seconds or 0.0))
