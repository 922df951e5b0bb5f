"""Measuring and judging a candidate: before its training, and after it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from foundation import raise_interrupt
from reports.records import TrialRecord
from search.candidates.candidate import INT8, Candidate, Costing, with_analytic_cost
from search.candidates.constraints import broken_rule, violations
from search.candidates.evaluator import (
    CANDIDATE_FAILURES,
    Evaluator,
    Programs,
    TrainedQuality,
    failure_in_words,
)
from search.candidates.latency_filter import LatencyFilter
from search.config import SearchConfig
from search.storage.study import Verdict
from search.workers.pool import Pool

CostOf = Callable[[TrialRecord, Candidate, Costing], TrialRecord]
"""Fills in the columns that a design alone decides."""


class Appraisal:
    """What a search finds out of a candidate in its own process, beside what workers train."""

    def __init__(
        self,
        config: SearchConfig,
        evaluator: Evaluator,
        latency_filter: LatencyFilter,
        pool: Pool,
        programs: Programs | None,
        cost: CostOf = with_analytic_cost,
    ) -> None:
        self.costing = Costing(config.target, config.seed)
        self.still_seconds = 0.0
        """For which workers stood still, since something was timed."""
        self._config = config
        self._evaluator = evaluator
        self._latency_filter = latency_filter
        self._pool = pool
        self._programs = programs
        self._cost = cost

    def of_design(self, record: TrialRecord, candidate: Candidate) -> TrialRecord:
        """The record with the cheap columns, which the design alone decides; judged by them."""
        try:
            return self.judged(self._cost(record, candidate, self.costing))
        except ValueError as error:
            return replace(record, state="infeasible", reason=str(error))

    def before_training(self, candidate: Candidate, record: TrialRecord) -> TrialRecord:
        """The record with what can be measured before the training."""
        return self.without_failure(record, partial(self._before_training, candidate))

    def after_training(
        self, candidate: Candidate, quality: TrainedQuality, record: TrialRecord
    ) -> TrialRecord:
        """The record of a candidate that was trained to the end."""
        return self.without_failure(record, partial(self._after_training, candidate, quality))

    def run_by_target(
        self, candidate: Candidate, programs: Programs, is_measured: bool, record: TrialRecord
    ) -> TrialRecord:
        """The record of a trained candidate, with what the target's own programs give and cost."""
        run = partial(self._run_by_target, candidate, programs, is_measured)
        return self.without_failure(record, run)

    def measured(self, candidate: Candidate, record: TrialRecord) -> TrialRecord:
        """The record with what the candidate costs on the target."""
        with self._standing_still():
            started = time.perf_counter()
            record = self._evaluator.measure(candidate).in_record(record)
            seconds = record.measure_seconds + time.perf_counter() - started
            return replace(record, measure_seconds=seconds)

    def without_failure(
        self, record: TrialRecord, measure: Callable[[TrialRecord], TrialRecord]
    ) -> TrialRecord:
        """The record as measured, or one that says why it could not be."""
        try:
            return measure(record)
        except CANDIDATE_FAILURES as error:
            raise_interrupt(error)
            return replace(record, state="failed", reason=failure_in_words(error))

    def judged(self, record: TrialRecord) -> TrialRecord:
        """The record, marked infeasible where a column known by now breaks a constraint."""
        rule = broken_rule(self._config.constraints, record)
        return record if rule is None else replace(record, state="infeasible", reason=rule)

    def verdict(self, record: TrialRecord) -> Verdict:
        """What Optuna is told of a record."""
        values = [getattr(record, name) for name in self._config.objectives]
        known = [float(value) for value in values if value is not None]
        return Verdict(
            values=known if len(known) == len(values) else None,
            violations=violations(self._config.constraints, record),
        )

    def _before_training(self, candidate: Candidate, record: TrialRecord) -> TrialRecord:
        if candidate.precision == self._config.target.precision:
            record = self._latency_filter(record, candidate.config)
        if record.state == "infeasible" or candidate.is_measured_trained:
            return record
        return self.judged(self.measured(candidate, record))

    def _after_training(
        self, candidate: Candidate, quality: TrainedQuality, record: TrialRecord
    ) -> TrialRecord:
        if self._programs is not None:
            trained = replace(
                record,
                train_steps=quality.train_steps,
                train_seconds=quality.train_seconds,
                validation_seconds=quality.validation_seconds,
                start=quality.start,
            )
            is_measured = not candidate.is_measured_trained
            return self.run_by_target(candidate, self._programs, is_measured, trained)
        record = replace(quality.in_record(record), state="trained")
        if candidate.is_measured_trained:
            record = self.measured(candidate, record)
        return self.judged(record)

    def _run_by_target(
        self, candidate: Candidate, programs: Programs, is_measured: bool, record: TrialRecord
    ) -> TrialRecord:
        if candidate.precision == INT8:
            started = time.perf_counter()
            record = self.judged(programs.quantise(candidate).in_record(record))
            record = replace(record, measure_seconds=time.perf_counter() - started)
        if record.state == "proposed" and not is_measured:
            record = self.judged(self.measured(candidate, record))
        if record.state == "proposed":
            seconds = record.validation_seconds
            record = programs.validate(candidate).in_record(record)
            seconds += record.validation_seconds
            record = self.judged(replace(record, validation_seconds=seconds))
        return replace(record, state="trained") if record.state == "proposed" else record

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
                self.still_seconds += time.perf_counter() - began
