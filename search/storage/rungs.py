"""What the journal knows of a trial that climbs a ladder, in attributes of the trial.

Each is written once, in one line of the journal: that a trial was measured and is being trained to
a rung, and what it gave there. So a search that was killed anywhere goes on from its last line.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import pydantic

from foundation.configs import parse_config
from reports.records import TrialRecord

STARTED_KEY = "started"
"""The attribute with the record of a trial whose training has begun."""
_GOAL, _RUNG = "goal:", "rung:"
"""How the attributes begin that hold a `Goal` and a `RungResult`; behind it come the steps."""

Seconds = Annotated[float, pydantic.Field(ge=0)]
Counts = Mapping[str, int]
"""By family."""


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
class Goal:
    """That a trial is trained to so many steps, and what was known of the proposals by then."""

    steps: int
    why: str
    """In one line; empty for what was not decided, as published networks."""
    proposed: Counts
    """How many different networks were proposed so far."""
    gated: Counts
    """How many of these broke a constraint, by what is known without measuring or training."""


@dataclass(frozen=True)
class Climb:
    """How far a trial has come."""

    goals: tuple[Goal, ...] = ()
    results: tuple[RungResult, ...] = ()
    started: TrialRecord | None = None
    """Its record with what was measured before the training; None before that."""

    @property
    def steps(self) -> int:
        """Of training that it has had."""
        return self.results[-1].steps if self.results else 0

    @property
    def is_under_way(self) -> bool:
        """Whether it was to be trained further than it has been."""
        return bool(self.goals) and self.goals[-1].steps > self.steps


_GOALS, _RESULTS = pydantic.TypeAdapter(Goal), pydantic.TypeAdapter(RungResult)


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
    started = attributes.get(STARTED_KEY)
    return Climb(
        tuple(sorted(goals, key=lambda goal: goal.steps)),
        tuple(sorted(results, key=lambda result: result.steps)),
        None if started is None else TrialRecord.from_json(started),
    )


def attribute_of(item: Goal | RungResult) -> tuple[str, dict[str, Any]]:
    """The key and the value of the attribute that holds it."""
    prefix = _GOAL if isinstance(item, Goal) else _RUNG
    return f"{prefix}{item.steps}", asdict(item)
