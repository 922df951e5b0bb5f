"""What one knob of a search space may be: one value, a list of values, or a range of integers."""

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

import pydantic

from blocks.config import FrozenConfig

Value = bool | int | float | str


class Trial(Protocol):
    """The part of an Optuna trial that a space needs."""

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Value: ...

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int: ...


class IntegerRange(FrozenConfig):
    """The integers low, low + step, ..., high."""

    low: int
    high: int
    step: pydantic.PositiveInt = 1

    @pydantic.model_validator(mode="after")
    def _reaches_its_end(self) -> "IntegerRange":
        if self.low > self.high or (self.high - self.low) % self.step:
            raise ValueError(
                "high must be low plus a multiple of step, "
                f"got low {self.low}, high {self.high}, step {self.step}"
            )
        return self


def _as_tuple(knob: object) -> object:
    if isinstance(knob, bool | int | float | str):
        return (knob,)
    return tuple(knob) if isinstance(knob, list) else knob


_Knob = TypeVar("_Knob")


def _distinct(knob: _Knob) -> _Knob:
    if isinstance(knob, tuple) and (not knob or len(set(knob)) < len(knob)):
        raise ValueError(f"a list of values needs one or more, all different, got {list(knob)}")
    return knob


ONE_OR_MORE = (pydantic.BeforeValidator(_as_tuple), pydantic.AfterValidator(_distinct))


def _form_of(knob: object) -> str:
    return "range" if isinstance(knob, dict | IntegerRange) else "values"


Integers = Annotated[
    Annotated[tuple[int, ...], *ONE_OR_MORE, pydantic.Tag("values")]
    | Annotated[IntegerRange, pydantic.Tag("range")],
    pydantic.Discriminator(_form_of),
]
Numbers = Annotated[tuple[float, ...], *ONE_OR_MORE]
Booleans = Annotated[tuple[bool, ...], *ONE_OR_MORE]
Knob = tuple[Value, ...] | IntegerRange


def values_of(knob: Knob) -> tuple[Value, ...]:
    """Every value that the knob can take, in the order written."""
    if isinstance(knob, IntegerRange):
        return tuple(range(knob.low, knob.high + 1, knob.step))
    return knob


def suggest(trial: Trial, name: str, knob: Knob) -> Value:
    """Ask the trial for a value; a knob of one value is not a parameter of the study."""
    values = values_of(knob)
    if len(values) == 1:
        return values[0]
    if isinstance(knob, IntegerRange):
        return trial.suggest_int(name, knob.low, knob.high, step=knob.step)
    return trial.suggest_categorical(name, values)
