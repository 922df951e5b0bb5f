"""The architectures of all searched families: proposed, recognised, and those published.

Every hyperparameter of every family is asked for in each trial, whichever family is built. A
genotype of fixed length is what genetic crossover needs: with hyperparameters that come and go,
the parameters common to all trials shrink to the family alone and NSGA-II falls back to
random sampling for the rest.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from blocks.catalogue import CATALOGUE
from blocks.config import Scale
from blocks.networks.registry import NetworkConfig
from search.space.family import FamilySpace
from search.space.hyperparameters import Trial, Value, suggest, values_beside, values_of


@dataclass(frozen=True)
class SearchSpace:
    """The architectures that a search may propose."""

    scale: Scale
    families: tuple[FamilySpace, ...]

    def suggest(self, trial: Trial) -> NetworkConfig:
        """Ask the trial for every hyperparameter and return the config of the family it chose."""
        names = tuple(space.family for space in self.families)
        chosen = suggest(trial, "family", names)
        values = {
            space.family: {
                name: suggest(trial, f"{space.family}.{name}", hyperparameter)
                for name, hyperparameter in space.hyperparameters().items()
            }
            for space in self.families
        }
        return self._space_of(str(chosen)).network(values[str(chosen)], self.scale)

    def networks(self) -> Iterator[NetworkConfig]:
        """Yield the network of every combination of values; some combinations make the same."""
        for space in self.families:
            names, hyperparameters = zip(*space.hyperparameters().items(), strict=True)
            for values in itertools.product(*map(values_of, hyperparameters)):
                try:
                    yield space.network(dict(zip(names, values, strict=True)), self.scale)
                except ValueError:  # each value is in its range, but together they make no network
                    continue

    def __contains__(self, config: NetworkConfig) -> bool:
        return config.scale == self.scale and self.misfit(config) is None

    def misfit(self, config: NetworkConfig) -> str | None:
        """Why the space does not hold `config`: the first hyperparameter that cannot make it."""
        if config.family not in {space.family for space in self.families}:
            return f"family {config.family} is not searched"
        return self._space_of(config.family).misfit(config)

    def parameters(self, config: NetworkConfig) -> dict[str, Value]:
        """The study's parameters that propose `config`, which the space must hold."""
        space = self._space_of(config.family)
        values = space.placed(config)
        parameters: dict[str, Value] = {
            f"{space.family}.{name}": values[name]
            for name, hyperparameter in space.hyperparameters().items()
            if len(values_of(hyperparameter)) > 1
        }
        if len(self.families) > 1:
            parameters["family"] = config.family
        return parameters

    def neighbours(self, config: NetworkConfig) -> Iterator[NetworkConfig]:
        """Yield the networks that differ from `config`, which the space holds, in one value.

        A range or a list of numbers is left by one place to either side, any other list to all.
        """
        space = self._space_of(config.family)
        values = space.placed(config)
        for name, hyperparameter in space.hyperparameters().items():
            for value in values_beside(hyperparameter, values[name]):
                try:
                    other = space.network({**values, name: value}, self.scale).canonical()
                except ValueError:  # no network together with the other values
                    continue
                if other.arch_id != config.arch_id:
                    yield other

    def published(self) -> tuple[tuple[str, NetworkConfig, str | None], ...]:
        """The catalogue's networks of this scale: name, config, and why it does not fit.

        Each is as its family's space prepares it for a search.
        """
        found = []
        for entry in CATALOGUE:
            for space in self.families:
                if (entry.config.scale, entry.config.family) == (self.scale, space.family):
                    config = space.prepared_for_search(entry.config)
                    found.append((entry.name, config, space.misfit(config)))
        return tuple(found)

    def _space_of(self, family: str) -> FamilySpace:
        return next(space for space in self.families if space.family == family)
