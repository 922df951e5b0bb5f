"""What a config says of the ladder: the rungs of every training, or none."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import pydantic

from foundation.configs import FrozenConfig
from training.recipes.recipe import Recipe

NO_LADDER: Literal["none"] = "none"
DEFAULT_SHARES = (0.4, 1.0)
"""The rungs of a ladder that nobody wrote, as shares of a full training. Before the first of them a
training ranks little better than structure alone (benchmarks/results/rung_ranks.md)."""
_QUALITY = "psnr_y_db"
_OTHER_QUALITY = "ssim_y"


class Rungs(FrozenConfig):
    """The training steps after which a candidate is judged and may wait, ascending."""

    rungs: Annotated[tuple[pydantic.PositiveInt, ...], pydantic.Field(min_length=1)]

    @pydantic.field_validator("rungs")
    @classmethod
    def _rise(cls, rungs: tuple[int, ...]) -> tuple[int, ...]:
        for lower, upper in pairwise(rungs):
            if upper <= lower:
                raise ValueError(
                    f"the rungs of a ladder must rise, got {upper} after {lower}: "
                    f"write {sorted(set(rungs))}"
                )
        return rungs


def _kind(ladder: object) -> str:
    return "rungs" if isinstance(ladder, Mapping | Rungs) else "none"


LadderChoice = Annotated[
    Annotated[Literal["none"], pydantic.Tag("none")] | Annotated[Rungs, pydantic.Tag("rungs")],
    pydantic.Discriminator(_kind),
]


@dataclass(frozen=True)
class Trainings:
    """What a config says of its trainings, as far as it decides whether they can have rungs."""

    recipe: Recipe
    steps: int
    """Of each."""
    objectives: tuple[str, ...]
    bounded: Collection[str]
    judges_programs: bool
    """Whether quality is that of the target's programs."""

    def decided(self, ladder: LadderChoice | None) -> LadderChoice:
        """The ladder, or where the config names none the default one, as far as it is possible.

        Raises:
            ValueError: the trainings cannot have these rungs.
        """
        if ladder is None:
            rungs = {max(1, round(share * self.steps)) for share in DEFAULT_SHARES}
            rungs = {rung for rung in rungs if rung <= self._most_below or rung == self.steps}
            possible = self._why_not() is None
            return Rungs(rungs=tuple(sorted(rungs))) if possible else NO_LADDER
        if isinstance(ladder, Rungs):
            if (reason := self._why_not()) is not None:
                raise ValueError(f"{reason}, or write ladder: none")
            self._check_last(ladder.rungs)
            self._check_others(ladder.rungs)
        return ladder

    @property
    def _most_below(self) -> int:
        """The steps up to which a rung below the last may lie: where a full training cools down."""
        return self.recipe.kept_steps(self.steps)

    def _check_others(self, rungs: tuple[int, ...]) -> None:
        late = [rung for rung in rungs[:-1] if rung > self._most_below]
        if late:
            raise ValueError(
                "the rungs below the last must lie before the cooldown of a full training, which "
                f"begins after {self._most_below} steps, got {late[0]}: leave it out, or set "
                f"cooldown_fraction to at most {100 * (self.steps - late[0]) // self.steps / 100}"
            )

    def _why_not(self) -> str | None:
        """Why these trainings have no rungs, with a remedy; None if they may."""
        if not self.recipe.continues:
            return (
                "a ladder needs a recipe whose trainings can be continued, but "
                f"{self.recipe.name} stretches its schedule over each: name steady, or set decay "
                "to constant"
            )
        if self.judges_programs:
            return (
                "a ladder judges networks as they are trained, but precision, or the target's "
                "int8, asks for the quality of the target's programs: leave that out"
            )
        if _QUALITY not in self.objectives:
            return (
                f"a ladder estimates {_QUALITY}, but the objectives are "
                f"{', '.join(self.objectives)}: add it"
            )
        if _OTHER_QUALITY in (*self.objectives, *self.bounded):
            return f"a ladder estimates {_QUALITY} alone: leave {_OTHER_QUALITY} out"
        return None

    def _check_last(self, rungs: tuple[int, ...]) -> None:
        if rungs[-1] != self.steps:
            above = [rung for rung in rungs if rung > self.steps]
            found = f"{above[0]} above them" if above else f"{rungs[-1]}"
            raise ValueError(
                f"the last rung must be the {self.steps} steps of a full training, got {found}: "
                f"end the rungs with {self.steps}, or set budget.steps to {rungs[-1]}"
            )
