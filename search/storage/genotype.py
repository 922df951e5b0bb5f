"""The values of all parameters of a trial that the study did not ask for."""

import random
from collections.abc import Mapping, Sequence

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from search.space.hyperparameters import Value


class Genotype:
    """A value for each parameter that is asked for: the known ones, and the others drawn.

    So a trial has a value for the hyperparameters of all families, as the samplers need it. The
    same `known` values and `seed` give the same.
    """

    def __init__(self, known: Mapping[str, Value], seed: str) -> None:
        self.values: dict[str, Value] = {}
        self.distributions: dict[str, BaseDistribution] = {}
        self._known = known
        self._random = random.Random(seed)

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Value:
        return self._value(name, CategoricalDistribution(choices), choices)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        values = range(low, high + 1, step)
        return int(self._value(name, IntDistribution(low, high, step=step), values))

    def _value(self, name: str, distribution: BaseDistribution, values: Sequence[Value]) -> Value:
        drawn = self._random.choice(values)  # in any case, so that no value shifts those after it
        self.distributions[name] = distribution
        self.values[name] = self._known.get(name, drawn)
        return self.values[name]
