"""The search loop of a ladder: start a candidate or let one climb on, whichever promises more."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

from reports.records import OBJECTIVES, TrialRecord
from search.allocation.rule import decide
from search.allocation.state import QUALITY, Decision, Promote, Situation, Start
from search.appraisal import Appraisal, CostOf
from search.bookkeeping import Bookkeeping
from search.candidates.candidate import (
    Candidate,
    described,
    unbuildable,
    with_analytic_cost,
)
from search.candidates.checkpoints import Checkpoints
from search.candidates.evaluator import Evaluator, TrainedQuality
from search.candidates.latency_filter import LatencyFilter, no_latency_filter
from search.candidates.structure import structure_of
from search.config import SearchConfig
from search.history import Untried, duplicate_of
from search.ladder.budget import StepBudget
from search.ladder.climber import Climber
from search.ladder.knowledge import Knowledge
from search.ladder.offers import Offer, Offers, StructureOf
from search.ladder.shadow import Shadow
from search.listening import SearchListener
from search.loop import check_failures, on_trial_step, tell_of_waits, warn_of_second_try
from search.space.search_space import SearchSpace
from search.storage.proposal import Proposal
from search.storage.rungs import DRAWS_KEY, Findings, Goal, climb_of, last_goal
from search.storage.study import SearchStudy
from search.workers.messages import Failed, Trained
from search.workers.pool import Pool, ThisProcess, Training

MAX_BARREN_IN_A_ROW = 60
"""Decisions without any offer: the space then seems to have no more."""

Rule = Callable[[Situation], Decision]
"""What a free worker does in a situation."""


class LadderSearch:
    """One session of a search over an open study, whose candidates climb a ladder of rungs.

    Whenever a worker is free the rule of `search/allocation` decides by all that is known. Each
    decision and each result of a rung is in the journal before anything follows from it; a trial is
    told when it has reached the last rung, or when the search ends without it.
    """

    def __init__(
        self,
        config: SearchConfig,
        study: SearchStudy,
        evaluator: Evaluator,
        listener: SearchListener,
        latency_filter: LatencyFilter = no_latency_filter,
        pool: Pool | None = None,
        *,
        population: int,
        checkpoints: Checkpoints | None = None,
        space: SearchSpace | None = None,
        cost_of: CostOf = with_analytic_cost,
        structure_of: StructureOf = structure_of,
        rule: Rule = decide,
    ) -> None:
        self._config = config
        self._space = space or config.space
        self._study = study
        self._listener = listener
        self._checkpoints = checkpoints
        self._structure_of = structure_of
        self._rule = rule
        self._pool = pool or ThisProcess(evaluator, on_trial_step(listener, config))
        self._appraisal = Appraisal(config, evaluator, latency_filter, self._pool, None, cost_of)
        self._books = Bookkeeping(config, study, listener, self._pool.size)
        self._budget = StepBudget(config, self._books, self._pool.size)
        shadow = Shadow(config.objectives, config.sampler, seed=config.seed, population=population)
        self._offers = Offers(config, self._space, self._appraisal, shadow, structure_of)
        self._knowledge = Knowledge(config, study, self._appraisal, shadow, structure_of)
        self._untried = Untried(self._space.networks(), config.precisions)
        self._tried: set[str] = {record.arch_id for record in study.records()}
        """Ids of the architectures that were started, or whose design breaks a constraint."""
        self._climbers: dict[int, Climber] = {}
        """By trial, those that have not ended."""
        self._at_work: set[int] = set()
        """The trials that workers train."""
        self._again: list[Climber] = []
        """Those that an earlier session was training."""
        self._unbegun: list[Proposal] = []
        """Trials that an earlier session had asked for, and no more."""
        self._is_any_enqueued = study.is_any_enqueued
        self._promotions = 0
        self._barren = 0

    def run(self) -> str:
        """Run trials until the budget is spent; return in words what ended the search.

        Raises:
            SearchFailedError: several candidates in a row failed.
        """
        self._books.begin()
        self._restore()
        try:
            while (reason := self._occupy()) is None or self._at_work:
                self._end_training(self._pool.next_ended())
        except KeyboardInterrupt:
            self._keep_findings()
            raise
        self._stop_waiting()
        self._keep_findings()
        tell_of_waits(self._appraisal, self._pool, self._listener)
        return reason

    def is_tried(self, arch_id: str) -> bool:
        """Whether an architecture was started."""
        return arch_id in self._tried

    def _restore(self) -> None:
        """Take up what an earlier session left."""
        climbs = [climb_of(attributes) for attributes in self._study.attributes()]
        self._budget.spent = sum(climb.steps for climb in climbs)
        self._promotions = sum(max(0, len(climb.goals) - 1) for climb in climbs)
        for record in self._study.records():
            if record.trial is not None:
                self._knowledge.finish(record, climbs[record.trial])
        last = last_goal(climbs)
        counts = ({}, {}) if last is None else (last.proposed, last.gated)
        self._offers.go_on(
            (draws for climb in climbs for draws in climb.all_draws),
            *counts,
            (self._study.next_number, 0) if any(last in it.goals[1:] for it in climbs) else None,
        )
        for proposal in self._study.unfinished():
            climber = Climber.stored(proposal)
            if climber is None:
                self._unbegun.append(proposal)
            else:
                self._take_up(climber)

    def _take_up(self, climber: Climber) -> None:
        self._climbers[climber.number] = climber
        self._tried.add(climber.candidate.arch_id)
        self._books.open_seconds += climber.wall_seconds
        if (stored := climber.proposal.stored_record()) is not None:
            self._end(climber, stored)
        elif not climber.waits:
            self._budget.under_way += climber.goal - climber.steps
            self._again.append(climber)
        elif climber.steps == self._budget.full:
            self._finish(climber)

    def _occupy(self) -> str | None:
        """Give every worker something to do; return why one gets nothing more, or None."""
        while len(self._at_work) < self._pool.size:
            check_failures(self._books.history)
            if self._again:
                climber = self._again.pop(0)
                self._listener.trial_started(climber.record, self._budget.standing)
                self._submit(climber)
            elif self._budget.time_is_up:
                return self._budget.ended
            elif self._unbegun:
                self._start(self._unbegun.pop(0))
            elif self._is_any_enqueued and self._budget.fits(self._budget.full):
                self._start(self._study.next_proposal())
                self._is_any_enqueued = self._study.is_any_enqueued
            elif (reason := self._decide()) is not None:
                return reason
        return None

    def _decide(self) -> str | None:
        """Do what the rule says; return what ends the search where there is nothing to do."""
        started = time.perf_counter()
        full = self._budget.full
        most = self._budget.least_left
        near_front = self._knowledge.near_front(self._climbers)
        offers = self._offered(near_front) if self._budget.fits(full) else []
        waiting = {n: it for n, it in self._climbers.items() if n not in self._at_work}
        climbing = waiting
        if most is not None and most < full:
            climbing = {n: it for n, it in waiting.items() if full - it.steps <= most}
        is_last = not climbing and not offers
        if is_last:  # what is begun is brought to its end, even if that takes somewhat longer
            climbing = {n: it for n, it in waiting.items() if self._budget.is_paid(full - it.steps)}
        if not climbing and not offers:
            return self._why_nothing_is_left()
        self._barren = 0
        if len(climbing) < len(waiting):
            at_work = {n: self._climbers[n] for n in self._at_work}
            near_front = self._knowledge.near_front(climbing | at_work)
        situation = replace(
            near_front,
            pool=tuple(offer.known for offer in offers),
            steps_left=None if is_last else most,
        )
        action, why = self._action(situation)
        if isinstance(action, Promote):
            climber = self._climbers[action.trial]
            next_rung = next(rung for rung in self._config.rungs if rung > climber.steps)
            self._promote(climber, full if is_last else next_rung, why)
        else:
            offer = offers[action.index]
            draws = asdict(self._offers.new_draws(self._decision))
            proposal = self._study.start(offer.parameters, {DRAWS_KEY: draws})
            self._start(proposal, offer, why, started)
        return None

    def _offered(self, near_front: Situation) -> list[Offer]:
        self._knowledge.expect(near_front, self._climbers)
        best = self._knowledge.best()
        offers = self._offers.of((self._study.next_number, self._barren), best, self._tried)
        if not offers and self._remain():
            network = self._untried.network
            assert network is not None  # as one remains
            offers = self._offers.of_network(network, self._tried)
        return offers

    @property
    def _decision(self) -> int:
        """The number of the next decision."""
        return self._study.next_number + self._promotions

    def _remain(self) -> bool:
        """Whether the space holds networks that were not tried."""
        return self._untried.remain(self._books.history, self._tried)

    def _why_nothing_is_left(self) -> str | None:
        if not self._budget.fits(self._budget.full):
            return self._budget.ended
        if not self._remain():
            return (
                "the space is exhausted: every architecture in it has been tried, or breaks a "
                f"constraint ({len(self._tried)})"
            )
        self._barren += 1
        if self._barren >= MAX_BARREN_IN_A_ROW:
            return (
                f"all proposals of {self._barren} decisions in a row were tried before or broke a "
                "constraint: the space seems exhausted"
            )
        return None

    def _action(self, situation: Situation) -> tuple[Start | Promote, str]:
        """What the rule says, and why."""
        everyone = (*situation.known, *situation.pool)
        measured = [
            name for name in self._config.columns if name != QUALITY and not OBJECTIVES[name].cheap
        ]
        if all(any(name in it.costs for it in everyone) for name in measured):
            decision = self._rule(situation)
            return decision.action, decision.why
        waiting = [it.trial for it in situation.known if it.state == "waiting"]
        action = Start(0) if situation.pool else Promote(waiting[0] or 0)
        return action, "nothing has been measured yet"

    def _start(
        self, proposal: Proposal, offer: Offer | None = None, why: str = "", started: float = 0.0
    ) -> None:
        """Measure a candidate and let a worker train it, unless it breaks a constraint."""
        started = started or time.perf_counter()
        try:
            config = self._space.suggest(proposal)
        except ValueError as error:
            self._tell(proposal, unbuildable(proposal.number, str(error), self._config.scale))
            return
        candidate = Candidate.of(config, self._config.precisions[0])
        if offer is not None and offer.candidate != candidate:
            offer = None  # a space that cannot propose each of its networks
        record = described(proposal.number, candidate, self._appraisal.costing)
        record = replace(record, propose_seconds=time.perf_counter() - started)
        if candidate.arch_id in self._tried:
            self._tell(proposal, self._as_duplicate(record))
            return
        self._tried.add(candidate.arch_id)
        if offer is None:
            record = self._appraisal.of_design(record, candidate)
            self._offers.count(record)
        else:
            seconds = record.propose_seconds
            record = replace(offer.record, trial=proposal.number, propose_seconds=seconds)
        if record.state == "proposed":
            self._listener.trial_started(record, self._budget.standing)
            record = self._appraisal.before_training(candidate, record)
            self._offers.count_gated(record)
        if record.state != "proposed":
            wall_seconds = self._books.wall_seconds(record, started)
            self._tell(proposal, replace(record, wall_seconds=wall_seconds))
            return
        structure = (
            offer.structure if offer else self._structure_of(candidate.config, record.macs or 0)
        )
        climber = Climber(proposal, candidate, record, structure)
        climber.begin()
        self._climbers[climber.number] = climber
        self._aim(climber, self._config.rungs[0], why)

    def _promote(self, climber: Climber, steps: int, why: str) -> None:
        self._promotions += 1
        self._listener.trial_started(climber.record, self._budget.standing)
        self._aim(climber, steps, why)

    def _aim(self, climber: Climber, steps: int, why: str) -> None:
        climber.aim(Goal(steps, why, *self._offers.counts, self._offers.new_draws(self._decision)))
        self._budget.under_way += steps - climber.steps
        self._submit(climber)

    def _submit(self, climber: Climber) -> None:
        climber.submitted = time.perf_counter()
        self._at_work.add(climber.number)
        self._pool.submit(Training(climber.number, climber.candidate, climber.goal))

    def _end_training(self, outcome: Trained | Failed) -> None:
        """Keep what came of a rung, or let another worker try it once more."""
        climber = self._climbers[outcome.trial]
        if isinstance(outcome, Failed) and outcome.is_lost and not climber.was_lost:
            climber.was_lost = True
            warn_of_second_try(outcome, self._listener)
            self._submit(climber)
            return
        self._at_work.remove(outcome.trial)
        self._budget.under_way -= climber.goal - climber.steps
        if isinstance(outcome, Failed):
            self._end(climber, replace(climber.spent(), state="failed", reason=outcome.reason))
            return
        self._reach(climber, outcome.quality)
        if climber.steps == self._budget.full:
            self._finish(climber)
            return
        self._listener.rung_reached(climber.number, climber.steps, outcome.quality.psnr_y_db)
        if len(climber.results) == 1 and climber.candidate.is_measured_trained:
            self._measure_trained(climber)

    def _reach(self, climber: Climber, quality: TrainedQuality) -> None:
        before = climber.results[-1].train_seconds if climber.results else 0.0
        claimed = quality.train_seconds - before + quality.validation_seconds
        wall_seconds = self._books.passed(claimed, climber.submitted)
        self._books.open_seconds += wall_seconds
        self._budget.spent += quality.train_steps - climber.steps
        climber.reach(quality, wall_seconds)

    def _measure_trained(self, climber: Climber) -> None:
        """Measure what only trained weights tell, for the decisions to come."""
        measure = partial(self._appraisal.measured, climber.candidate)
        record = self._appraisal.without_failure(climber.record, measure)
        if record.state == "proposed":
            record = self._appraisal.judged(record)
        if record.state == "proposed":
            climber.keep_measured(record)
        else:
            self._end(climber, climber.quality().in_record(record))

    def _finish(self, climber: Climber) -> None:
        quality = climber.quality()
        self._end(
            climber, self._appraisal.after_training(climber.candidate, quality, climber.record)
        )

    def _stop_waiting(self) -> None:
        """Tell of those that never reached the last rung; nothing continues them."""
        for climber in [it for it in self._climbers.values() if it.waits]:
            reason = (
                f"stopped after {climber.steps:,} of {self._budget.full:,} steps: others promised "
                "more for what was left of the budget"
            )
            self._end(climber, replace(climber.worth(), state="stopped", reason=reason))

    def _keep_findings(self) -> None:
        """Keep how good the estimates were, who is on the front by them, and what was proposed."""
        estimation = self._knowledge.estimation(self._climbers)
        self._study.keep_findings(Findings(*self._offers.counts, estimation))

    def _end(self, climber: Climber, record: TrialRecord) -> None:
        del self._climbers[climber.number]
        self._books.open_seconds -= climber.wall_seconds
        if not record.wall_seconds:
            since = self._books.passed(0.0, time.perf_counter())
            record = replace(record, wall_seconds=climber.wall_seconds + since)
        self._tell(climber.proposal, record)
        self._knowledge.finish(record, climber.climb)
        if self._checkpoints is not None and record.train_steps == self._budget.full:
            self._checkpoints.finish(record.arch_id)
        elif self._checkpoints is not None:
            self._checkpoints.remove(record.arch_id)

    def _as_duplicate(self, record: TrialRecord) -> TrialRecord:
        """The record of a network that was started before."""
        climbing = [
            it.record for it in self._climbers.values() if it.record.arch_id == record.arch_id
        ]
        known = self._books.history.first_of(record.arch_id, self._config.precisions[0])
        return duplicate_of(known or climbing[0], record)

    def _tell(self, proposal: Proposal, record: TrialRecord) -> None:
        self._books.tell(proposal, record, self._appraisal.verdict(record))
