"""What the journal knows of a trial that climbs a ladder, in attributes of the trial.

Each is written once, in one line of the journal: that a trial was measured and is being trained to
a rung, and what it gave there. So a search that was killed anywhere goes on from its last line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import pydantic

from foundation.configs import parse_config
from reports.ladder import CurveRow, Estimation, LadderFacts
from reports.records import TrialRecord
from search.allocation.state import Structure
from search.ladder.choice import Rungs

STARTED_KEY = "started"
"""The attribute with the record of a trial whose training has begun."""
STRUCTURE_KEY = "structure"
"""That with the features of its network."""
DRAWS_KEY = "draws"
"""That with the `Draws` of the decision to start it."""
_GOAL, _RUNG = "goal:", "rung:"
"""How the attributes begin that hold a `Goal` and a `RungResult`; behind it come the steps."""

Seconds = Annotated[float, pydantic.Field(ge=0)]
Counts = Mapping[str, int]
"""By family."""
Drawn = Mapping[str, bool | int | float | str]
"""The parameters of a proposal by their names."""


@dataclass(frozen=True)
class RungResult:
    """What a candidate is worth after so many steps; quality is the mean over training seeds."""

    steps: int
    psnr_y_db: float
    psnr_y_std_db: float | None
    ssim_y: float | None
    train_seconds: Seconds
    """Of all its steps."""
    validation_seconds: Seconds
    """Of this rung alone."""
    wall_seconds: Seconds
    """That had passed since anything else of the search ended."""


@dataclass(frozen=True)
class Draws:
    """What was drawn for a decision, for those to come."""

    decision: int
    """Its number, from 0."""
    drawn: tuple[Drawn, ...]


@dataclass(frozen=True)
class Goal:
    """That a trial is trained to so many steps, and what was known of the proposals by then."""

    steps: int
    why: str
    """In one line; empty for what was not decided, as published networks."""
    proposed: Counts
    """How many different networks were proposed so far."""
    gated: Counts
    """How many of these broke a constraint, by what is known without measuring or training."""
    draws: Draws
    """Of the decision to promote it; without any for a start, whose draws the trial has."""


@dataclass(frozen=True)
class Findings:
    """What a session has found beside its trials, when it ends."""

    proposed: Counts
    """As in the last goal, or later."""
    gated: Counts
    estimation: Estimation | None
    """None before a training is finished."""


@dataclass(frozen=True)
class Climb:
    """How far a trial has come."""

    goals: tuple[Goal, ...] = ()
    results: tuple[RungResult, ...] = ()
    started: TrialRecord | None = None
    """Its record with what was measured before the training; None before that."""
    structure: Structure | None = None
    """Of its network."""
    draws: Draws | None = None
    """Of the decision to start it; None where it was not decided, as of published networks."""

    @property
    def steps(self) -> int:
        """Of training that it has had."""
        return self.results[-1].steps if self.results else 0

    @property
    def all_draws(self) -> tuple[Draws, ...]:
        """Of the decisions that it comes from."""
        started = () if self.draws is None else (self.draws,)
        return (*started, *(goal.draws for goal in self.goals))


_GOALS, _RESULTS = pydantic.TypeAdapter(Goal), pydantic.TypeAdapter(RungResult)
_DRAWS = pydantic.TypeAdapter(Draws)
_STRUCTURES, _FINDINGS = pydantic.TypeAdapter(Structure), pydantic.TypeAdapter(Findings)


def last_goal(climbs: Iterable[Climb]) -> Goal | None:
    """The goal that was decided last, if there is any."""
    goals = [goal for climb in climbs for goal in climb.goals]
    return max(goals, key=lambda goal: goal.draws.decision, default=None)


def climb_of(attributes: Mapping[str, Any]) -> Climb:
    """What the attributes of a trial say.

    Raises:
        ValueError: they are none that a search writes.
    """
    goals = [
        parse_config(_GOALS, value, key)
        for key, value in attributes.items()
        if key.startswith(_GOAL)
    ]
    results = [
        parse_config(_RESULTS, value, key)
        for key, value in attributes.items()
        if key.startswith(_RUNG)
    ]
    started, structure = attributes.get(STARTED_KEY), attributes.get(STRUCTURE_KEY)
    draws = attributes.get(DRAWS_KEY)
    return Climb(
        tuple(sorted(goals, key=lambda goal: goal.steps)),
        tuple(sorted(results, key=lambda result: result.steps)),
        None if started is None else TrialRecord.from_json(started),
        None if structure is None else parse_config(_STRUCTURES, structure, STRUCTURE_KEY),
        None if draws is None else parse_config(_DRAWS, draws, DRAWS_KEY),
    )


def attribute_of(item: Goal | RungResult) -> tuple[str, dict[str, Any]]:
    """The key and the value of the attribute that holds it."""
    prefix = _GOAL if isinstance(item, Goal) else _RUNG
    return f"{prefix}{item.steps}", asdict(item)


def findings_of(data: object) -> Findings:
    """The findings in what the study keeps; none of a session that has not ended.

    Raises:
        ValueError: it is nothing that a search writes.
    """
    if data is None:
        return Findings({}, {}, None)
    return parse_config(_FINDINGS, data, "what the journal says of the ladder")


def ladder_facts(
    settings: Mapping[str, Any], attributes: Sequence[Mapping[str, Any]], findings: object
) -> LadderFacts | None:
    """What the attributes of a run's trials say of its ladder; None if it has none.

    Raises:
        ValueError: they are none that a search writes.
    """
    config = settings.get("config")
    ladder = config.get("ladder") if isinstance(config, Mapping) else None
    if not isinstance(ladder, Mapping):
        return None
    rungs = parse_config(Rungs, ladder, "run.yaml, config.ladder").rungs
    climbs = [climb_of(of_trial) for of_trial in attributes]
    goals = [goal for climb in climbs for goal in climb.goals]
    found = findings_of(findings)
    counted: list[Findings | Goal] = [found, *goals]
    last = max(counted, key=lambda it: sum(it.proposed.values()))
    return LadderFacts(
        rungs,
        tuple(
            CurveRow(trial, it.steps, it.psnr_y_db, it.ssim_y, it.train_seconds)
            for trial, climb in enumerate(climbs)
            for it in climb.results
        ),
        last.proposed,
        last.gated,
        found.estimation,
    )
