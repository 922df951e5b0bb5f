"""A study in memory that Optuna's samplers learn from, where partial trainings count too.

In the run's own study a trial has values only when it is told. Here every candidate that was
started has them: those of its training if that is finished, and else those that are expected.
"""

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from reports.records import objective
from search.sampler import GENERATION_KEY, SAMPLERS
from search.storage.proposal import Value
from search.storage.rungs import Drawn


@dataclass(frozen=True)
class Parameters:
    """What a trial of the study has drawn."""

    values: Mapping[str, Any]
    distributions: Mapping[str, BaseDistribution]


class Shadow:
    """Draws parameters by what is known and expected of all that was started."""

    def __init__(
        self, objectives: Sequence[str], sampler: str, *, seed: int, population: int
    ) -> None:
        directions = [objective(name).direction for name in objectives]
        self._storage = InMemoryStorage()
        self._study = optuna.create_study(
            storage=self._storage,
            directions=["maximize" if it == "maximise" else "minimize" for it in directions],
        )
        self._sampler = sampler
        self._seed = seed
        self._population = population
        # Every draw is one of this trial, so that those not started leave nothing behind.
        self._study.ask()
        self._learned: dict[int, FrozenTrial] = {}

    def learn(
        self,
        trial: int,
        parameters: Callable[[], Parameters],
        values: Sequence[float],
        violations: Mapping[str, float],
    ) -> None:
        """Take note of a trial's objectives; of the same trial the last values count.

        Its parameters are asked for when it is new.
        """
        if trial not in self._learned:
            drawn = parameters()
            self._study.add_trial(
                optuna.create_trial(
                    state=TrialState.COMPLETE,
                    values=values,
                    params=dict(drawn.values),
                    distributions=dict(drawn.distributions),
                )
            )
            self._learned[trial] = self._trials[-1]
        known = self._learned[trial]
        known.values = list(values)
        known.system_attrs.clear()
        # In the order of the starts, whichever of a generation end.
        known.system_attrs[GENERATION_KEY] = (known.number - 1) // self._population
        for name, violation in violations.items():
            known.set_constraint(name, violation)

    def draw(self, *key: int) -> "Draw":
        """A draw that depends on the seed, on `key`, and on what was learned."""
        draft = self._trials[0]
        draft.system_attrs.clear()  # such as the generation of an earlier draw
        text = "/".join(map(str, (self._seed, *key)))
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        # A study keeps for its samplers the trials that were there at the first draw; a new one on
        # the same storage knows those learned since.
        study = optuna.load_study(study_name=self._study.study_name, storage=self._storage)
        return Draw(study, draft, _sampler(self._sampler, seed, self._population))

    @property
    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)


class Draw:
    """Gives a value for each parameter that is asked for, and keeps them."""

    def __init__(self, study: Study, draft: FrozenTrial, sampler: BaseSampler) -> None:
        self.values: dict[str, Value] = {}
        self._study = study
        self._draft = draft
        self._sampler = sampler
        sampler.before_trial(study, draft)
        space = sampler.infer_relative_search_space(study, draft)
        self._relative = sampler.sample_relative(study, draft, space)

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Value:
        value: Value = self._value(name, CategoricalDistribution(choices))
        return value

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        return int(self._value(name, IntDistribution(low, high, step=step)))

    def _value(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self._relative:
            value = self._relative[name]
        else:
            value = self._sampler.sample_independent(self._study, self._draft, name, distribution)
        self.values[name] = value
        return value


@dataclass(frozen=True)
class FixedValues:
    """Gives again what was drawn."""

    values: Drawn

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Value:
        return self.values[name]

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        return int(self.values[name])


class _ForgetfulNSGAII(NSGAIISampler):
    """Chooses the parents anew for each draw: what is expected of a trial changes.

    Optuna keeps those of a generation once they are chosen. Here they are the best of the last two
    generations.
    """

    _chooses = False

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        if generation == 0:
            return []
        if self._chooses:
            return self.get_population(study, generation - 1)
        self._chooses = True
        return self.select_parent(study, generation)

    @classmethod
    def _get_generation_key(cls) -> str:
        return GENERATION_KEY


def _sampler(name: str, seed: int, population: int) -> BaseSampler:
    if name == "nsga2":
        return _ForgetfulNSGAII(seed=seed, population_size=population)
    if name != "tpe":
        return SAMPLERS[name](seed, population)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # All parameters at once: they belong together, and a draw takes one fit, not one for each.
        return TPESampler(seed=seed, multivariate=True)
