"""A trial that has begun to climb the ladder, and what is known of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Self

from blocks.networks.registry import parse_network_config
from reports.records import TrialRecord
from search.allocation.state import Cost, CurvePoint, Known, State, Structure
from search.candidates.candidate import Candidate
from search.candidates.evaluator import TrainedQuality
from search.ladder.offers import cheap_costs
from search.storage.proposal import Proposal
from search.storage.rungs import (
    STARTED_KEY,
    STRUCTURE_KEY,
    Climb,
    Goal,
    RungResult,
    attribute_of,
    climb_of,
)

_MEASURED = ("latency_ms", "peak_memory_mib")


@dataclass
class Climber:
    """One candidate of a ladder; all of it is kept in the journal too."""

    proposal: Proposal
    candidate: Candidate
    record: TrialRecord
    """With what was measured of it; of its quality only what `results` say."""
    structure: Structure
    goals: list[Goal] = field(default_factory=list)
    results: list[RungResult] = field(default_factory=list)
    submitted: float = 0.0
    """When its training went on, by the clock of this session."""
    was_lost: bool = False
    """With a worker, on the way to the present goal."""
    number: int = field(init=False)
    """Of the trial."""
    _known: Known | None = None

    def __post_init__(self) -> None:
        # Thousands are asked for it at each decision, and the storage answers slowly.
        self.number = self.proposal.number

    @classmethod
    def stored(cls, proposal: Proposal) -> Self | None:
        """The climber of an unfinished trial; None if its training had not begun.

        Raises:
            ValueError: the journal holds something that no search wrote.
        """
        climb = climb_of(proposal.attributes)
        record, structure = climb.started, climb.structure
        if record is None or record.config is None or structure is None or not climb.goals:
            return None
        config = parse_network_config(record.config)
        candidate = Candidate.of(config, record.precision or "float32")
        return cls(proposal, candidate, record, structure, list(climb.goals), list(climb.results))

    @property
    def steps(self) -> int:
        """Of training that it has had."""
        return self.results[-1].steps if self.results else 0

    @property
    def goal(self) -> int:
        """The steps that it was to be trained to, last."""
        return self.goals[-1].steps if self.goals else 0

    @property
    def waits(self) -> bool:
        """Whether it has reached what it was to reach."""
        return self.goal <= self.steps

    def begin(self) -> None:
        """Keep what the training begins with."""
        self.proposal.keep(STRUCTURE_KEY, asdict(self.structure))
        self.keep_measured(self.record)

    def keep_measured(self, record: TrialRecord) -> None:
        """Keep what was measured of it."""
        self.record, self._known = record, None
        self.proposal.keep(STARTED_KEY, record.to_json())

    def aim(self, goal: Goal) -> None:
        """Keep what it is trained to next."""
        self.proposal.keep(*attribute_of(goal))
        self.goals.append(goal)
        self.was_lost, self._known = False, None

    def reach(self, quality: TrainedQuality, wall_seconds: float) -> None:
        """Keep what it gave at a rung, for which so much time had passed."""
        result = RungResult(
            quality.train_steps,
            quality.psnr_y_db,
            quality.psnr_y_std_db,
            quality.ssim_y,
            quality.train_seconds,
            quality.validation_seconds,
            wall_seconds,
        )
        self.proposal.keep(*attribute_of(result))
        self.results.append(result)
        self._known = None

    def quality(self) -> TrainedQuality:
        """What its last rung gave."""
        last = self.results[-1]
        return TrainedQuality(
            psnr_y_db=last.psnr_y_db,
            psnr_y_std_db=last.psnr_y_std_db,
            ssim_y=last.ssim_y,
            train_steps=last.steps,
            train_seconds=last.train_seconds,
            validation_seconds=sum(result.validation_seconds for result in self.results),
        )

    def worth(self) -> TrialRecord:
        """Its record with what its last rung gave."""
        return self.quality().in_record(self.record)

    @property
    def wall_seconds(self) -> float:
        """That passed for its rungs."""
        return sum(result.wall_seconds for result in self.results)

    @property
    def climb(self) -> Climb:
        """How far it has come."""
        return Climb(tuple(self.goals), tuple(self.results), self.record, self.structure)

    def spent(self) -> TrialRecord:
        """Its record with what its training has cost, without its quality."""
        if not self.results:
            return self.record
        return replace(
            self.record,
            train_steps=self.steps,
            train_seconds=self.results[-1].train_seconds,
            validation_seconds=sum(result.validation_seconds for result in self.results),
        )

    @property
    def known(self) -> Known:
        """What a decision is told of it; kept, as thousands are asked for at each."""
        if self._known is None:
            state: State = "waiting" if self.waits else "running"
            self._known = known_of(self.record, self.structure, self.results, state)
        return self._known


def known_of(
    record: TrialRecord, structure: Structure, results: Sequence[RungResult], state: State
) -> Known:
    """What a decision is told of a trial that was started."""
    return Known(
        record.arch_id,
        structure,
        cheap_costs(record) | measured_costs(record),
        tuple(CurvePoint(result.steps, result.psnr_y_db) for result in results),
        results[-1].train_seconds / results[-1].steps if results else None,
        state,
        record.trial,
    )


def measured_costs(record: TrialRecord) -> dict[str, Cost]:
    """The costs that were measured."""
    found = {name: getattr(record, name) for name in _MEASURED}
    return {name: Cost(it, it, it) for name, it in found.items() if it is not None}
