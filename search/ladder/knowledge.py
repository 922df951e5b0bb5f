"""What a search with a ladder knows of all it has started, as its decisions need it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial

from blocks.networks.registry import NetworkConfig, parse_network_config
from reports.ladder import Estimation
from reports.pareto import front
from reports.records import TrialRecord
from search.allocation.estimate import comparison, estimates
from search.allocation.improvement import front_probabilities
from search.allocation.relevant import relevant
from search.allocation.state import QUALITY, Bound, Known, Ladder, Situation
from search.appraisal import Appraisal
from search.config import SearchConfig
from search.ladder.climber import Climber, known_of
from search.ladder.offers import StructureOf
from search.ladder.shadow import Parameters, Shadow
from search.storage.rungs import Climb, RungResult
from search.storage.study import SearchStudy

LEAST_PROBABILITY = 0.001
"""Of being on the front; less is not told."""


class Knowledge:
    """The candidates that are finished, and what is expected of those that are not."""

    def __init__(
        self,
        config: SearchConfig,
        study: SearchStudy,
        appraisal: Appraisal,
        shadow: Shadow,
        structure_of: StructureOf,
    ) -> None:
        self._config = config
        self._ladder = Ladder(config.rungs)
        self._study = study
        self._appraisal = appraisal
        self._shadow = shadow
        self._structure_of = structure_of
        self._finished: dict[int, Known] = {}
        """By trial."""
        self._front: list[TrialRecord] = []
        self._expected: dict[int, TrialRecord] = {}
        """The records of those that are not finished, with what is expected of them."""
        baseline = study.baseline
        bicubic_db = None if baseline is None else baseline.psnr_y_db
        self._reference = {} if bicubic_db is None else {QUALITY: bicubic_db}
        self._bounds = {name: Bound(it.min, it.max) for name, it in config.constraints.items()}

    def finish(self, record: TrialRecord, climb: Climb) -> None:
        """Take note of a trial that has ended, if it was trained to the end."""
        trial = record.trial
        if trial is None:
            return
        self._expected.pop(trial, None)
        if record.config is None or record.train_steps != self._config.steps:
            return
        self._learn(trial, record)
        if record.state == "trained":
            structure = climb.structure or self._structure_of(
                parse_network_config(record.config), record.macs or 0
            )
            results = climb.results or (_whole(record),)
            self._finished[trial] = known_of(record, structure, results, "finished")
            self._front = front([*self._front, record], self._config.objectives)

    def near_front(self, climbers: Mapping[int, Climber]) -> Situation:
        """What matters of all that is known for the next decision, as yet without a pool."""
        return relevant(self._situation(climbers))

    def expect(self, near_front: Situation, climbers: Mapping[int, Climber]) -> None:
        """Let samplers learn what is expected of those that are not finished."""
        if not climbers:
            return
        expected = estimates(near_front)
        for known in near_front.known:
            climber = climbers.get(-1 if known.trial is None else known.trial)
            if climber is not None:
                psnr_y_db = expected[known.arch_id].psnr_y_db
                record = replace(climber.record, psnr_y_db=psnr_y_db, state="trained")
                self._expected[climber.number] = record
                self._learn(climber.number, record)

    def estimation(self, climbers: Mapping[int, Climber]) -> Estimation | None:
        """How good the estimates are by now; None before a training is finished."""
        if not self._finished:
            return None
        situation = self._situation(climbers)
        probabilities = front_probabilities(situation)
        return Estimation(
            **asdict(comparison(situation)),
            front_probability={
                trial: round(probability, 4)
                for trial, probability in probabilities.items()
                if probability >= LEAST_PROBABILITY
            },
        )

    def best(self) -> list[NetworkConfig]:
        """The networks on the front of what is known and expected."""
        chosen = front([*self._front, *self._expected.values()], self._config.objectives)
        return [parse_network_config(it.config) for it in chosen if it.config is not None]

    def _situation(self, climbers: Mapping[int, Climber]) -> Situation:
        known = {**self._finished, **{number: it.known for number, it in climbers.items()}}
        return Situation(
            self._ladder,
            self._config.objectives,
            self._bounds,
            self._reference or {QUALITY: self._worst_quality(known.values())},
            tuple(known[trial] for trial in sorted(known)),
            (),
            self._config.seed,
        )

    def _learn(self, trial: int, record: TrialRecord) -> None:
        verdict = self._appraisal.verdict(record)
        if verdict.values is not None:
            parameters = partial(self._parameters, trial)
            self._shadow.learn(trial, parameters, verdict.values, verdict.violations)

    def _parameters(self, trial: int) -> Parameters:
        drawn = self._study.drawn(trial)
        return Parameters(drawn.params, drawn.distributions)

    @staticmethod
    def _worst_quality(known: Iterable[Known]) -> float:
        return min((point.psnr_y_db for it in known for point in it.curve), default=0.0)


def _whole(record: TrialRecord) -> RungResult:
    """The only rung of a trial that was trained in one go, as those of another run."""
    return RungResult(
        steps=record.train_steps or 0,
        psnr_y_db=record.psnr_y_db or 0.0,
        psnr_y_std_db=record.psnr_y_std_db,
        ssim_y=record.ssim_y,
        train_seconds=record.train_seconds or 0.0,
        validation_seconds=record.validation_seconds,
        wall_seconds=record.wall_seconds,
    )
