"""The same trained network in every other precision: a trial of its own for each."""

import time
from dataclasses import dataclass, replace

from blocks.networks.registry import parse_network_config
from reports.columns import Precision
from reports.records import TrialRecord
from search.appraisal import Appraisal
from search.bookkeeping import Bookkeeping
from search.candidates.candidate import Candidate, described, with_analytic_cost
from search.candidates.evaluator import Programs
from search.config import SearchConfig
from search.history import was_trained
from search.listening import SearchListener
from search.storage.study import SearchStudy

PRECISION = "precision"
"""The parameter of the study, if there are several."""


@dataclass(frozen=True)
class Twins:
    """Adds the trials of networks whose training an earlier trial has paid for."""

    config: SearchConfig
    study: SearchStudy
    appraisal: Appraisal
    books: Bookkeeping
    listener: SearchListener
    programs: Programs | None

    def add(self, trained: TrialRecord) -> None:
        """Judge a network that was trained in every precision in which it is not known yet."""
        if self.programs is None or not was_trained(trained):
            return
        for precision in self.config.precisions:
            if self.books.history.first_of(trained.arch_id, precision) is None:
                self._add(trained, precision, self.programs)

    def _add(self, trained: TrialRecord, precision: Precision, programs: Programs) -> None:
        """Add a trial of its own with the weights of another."""
        assert trained.trial is not None and trained.config is not None  # as of all that is trained
        started = time.perf_counter()
        candidate = Candidate.of(parse_network_config(trained.config), precision)
        record = described(self.study.next_number, candidate, self.appraisal.costing)
        record = with_analytic_cost(record, candidate, self.appraisal.costing)
        record = self.appraisal.judged(
            replace(record, train_steps=trained.train_steps, start=trained.start)
        )
        if record.state == "proposed":
            self.listener.trial_started(record, self.books.standing)
            record = self.appraisal.run_by_target(candidate, programs, False, record)
        record = replace(record, wall_seconds=self.books.wall_seconds(record, started))
        self.books.add(
            record,
            self.appraisal.verdict(record),
            like=trained.trial,
            parameters={PRECISION: precision},
        )
