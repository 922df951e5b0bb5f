"""What a hyperparameter may be: one value, a list of values, or a range of integers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol, TypeVar

import pydantic

from foundation.configs import FrozenConfig

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


def _as_tuple(hyperparameter: object) -> object:
    if isinstance(hyperparameter, bool | int | float | str):
        return (hyperparameter,)
    return tuple(hyperparameter) if isinstance(hyperparameter, list) else hyperparameter


_Hyperparameter = TypeVar("_Hyperparameter")


def _distinct(hyperparameter: _Hyperparameter) -> _Hyperparameter:
    if isinstance(hyperparameter, tuple) and (
        not hyperparameter or len(set(hyperparameter)) < len(hyperparameter)
    ):
        raise ValueError(
            f"a list of values needs one or more, all different, got {list(hyperparameter)}"
        )
    return hyperparameter


ONE_OR_MORE = (pydantic.BeforeValidator(_as_tuple), pydantic.AfterValidator(_distinct))


def _variant_of(hyperparameter: object) -> str:
    return "range" if isinstance(hyperparameter, dict | IntegerRange) else "values"


Integers = Annotated[
    Annotated[tuple[int, ...], *ONE_OR_MORE, pydantic.Tag("values")]
    | Annotated[IntegerRange, pydantic.Tag("range")],
    pydantic.Discriminator(_variant_of),
]
Numbers = Annotated[tuple[float, ...], *ONE_OR_MORE]
Booleans = Annotated[tuple[bool, ...], *ONE_OR_MORE]
Hyperparameter = tuple[Value, ...] | IntegerRange


def values_of(hyperparameter: Hyperparameter) -> tuple[Value, ...]:
    """Every value that the hyperparameter can take, in the order written."""
    if isinstance(hyperparameter, IntegerRange):
        return tuple(range(hyperparameter.low, hyperparameter.high + 1, hyperparameter.step))
    return hyperparameter


def values_beside(hyperparameter: Hyperparameter, value: Value) -> tuple[Value, ...]:
    """The values next to one of the hyperparameter's; all others where they have no order."""
    values = values_of(hyperparameter)
    if any(isinstance(it, bool | str) for it in values):
        return tuple(it for it in values if it != value)
    place = values.index(value)
    return (*values[max(0, place - 1) : place], *values[place + 1 : place + 2])


def suggest(trial: Trial, name: str, hyperparameter: Hyperparameter) -> Value:
    """Ask the trial for a value; a hyperparameter of one value is not a parameter of the study."""
    values = values_of(hyperparameter)
    if len(values) == 1:
        return values[0]
    if isinstance(hyperparameter, IntegerRange):
        return trial.suggest_int(
            name, hyperparameter.low, hyperparameter.high, step=hyperparameter.step
        )
    return trial.suggest_categorical(name, values)


def each_of(names: Sequence[str], values: Mapping[str, Value]) -> list[Value]:
    """The values of these hyperparameters, in the order of their names.

    Raises:
        ValueError: one of them has no value.
    """
    if without := [name for name in names if name not in values]:
        raise ValueError(f"each of {', '.join(names)} needs a value: give {without[0]}")
    return [values[name] for name in names]
