"""Optuna's samplers, made to propose the same after a restart as without one.

A sampler's random generator lives in memory, so a restarted search would go another way.
Here each proposal is drawn by a fresh sampler whose seed is a hash of the study's seed
and the trial's number, and each parameter drawn on its own from a hash that includes its
name: what is proposed depends on the seed and the trials that are finished or running alone,
not on how far an earlier process had come.
"""

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

Build = Callable[[int, int], BaseSampler]

# NSGA-II's own default of 50 would spend a typical budget on the random first generation.
GENERATIONS = 5
GENERATION_KEY = f"{NSGAIISampler.__name__}:generation"
"""The attribute of a trial by which NSGA-II finds those of a generation."""
SMALLEST_POPULATION, LARGEST_POPULATION = 8, 50


def _gp(seed: int, _population: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return GPSampler(seed=seed, warn_independent_sampling=False)


SAMPLERS: Mapping[str, Build] = MappingProxyType(
    {
        "nsga2": lambda seed, population: NSGAIISampler(seed=seed, population_size=population),
        # The liar takes running trials for bad ones. GP reckons with them too, the others do not.
        "tpe": lambda seed, _population: TPESampler(seed=seed, constant_liar=True),
        "gp": _gp,
        "random": lambda seed, _population: RandomSampler(seed=seed),
    }
)


def population_size(trials: int | None) -> int:
    """NSGA-II's population for a budget of so many trials: a fifth, between 8 and 50."""
    if trials is None:
        return LARGEST_POPULATION // 2
    return max(SMALLEST_POPULATION, min(LARGEST_POPULATION, trials // GENERATIONS))


class ReproducibleSampler(BaseSampler):
    """A sampler whose proposals depend on (seed, trial number, other trials of the study) only."""

    def __init__(self, name: str, seed: int, population: int) -> None:
        self._build = SAMPLERS[name]
        self._seed = seed
        self._population = population
        self._inner = self._fresh()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._inner = self._fresh(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        sampler = self._fresh(trial.number, param_name)
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._inner.after_trial(study, trial, state, values)

    def _fresh(self, *key: int | str) -> BaseSampler:
        text = "/".join(map(str, (self._seed, *key)))
        digest = hashlib.sha256(text.encode()).digest()
        return self._build(int.from_bytes(digest[:4], "big"), self._population)
