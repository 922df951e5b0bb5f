"""A search space of which only the networks of a table can be tried."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from blocks.networks.registry import NetworkConfig
from search.replay.table import ReplayTable
from search.space.family import FamilySpace
from search.space.hyperparameters import Hyperparameter, Trial, Value, values_of
from search.space.search_space import SearchSpace
from search.storage.proposal import Proposal

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TableSpace(SearchSpace):
    """Gives for every proposal the nearest network of a table that was not started yet.

    The distance is that of Gower over the hyperparameters of the family: of one that has an order
    the difference of the places in its list of values, relative to the largest, of any other 0 or
    1. When no network of the family is left, it is the Euclidean distance between the structures,
    each feature relative to its standard deviation over the table, and counts from the network that
    would have been the nearest.
    """

    table: ReplayTable
    seen: set[str] = field(default_factory=set, compare=False)
    """Ids of the networks that were started."""

    def suggest(self, trial: Trial) -> NetworkConfig:
        """The network that stands for what the trial draws; a trial of the study starts it.

        Raises:
            ValueError: every network of the table was started.
        """
        config = self.nearest(super().suggest(trial))
        if isinstance(trial, Proposal):
            self.seen.add(config.arch_id)
        return config

    def networks(self) -> Iterator[NetworkConfig]:
        return (row.config for row in self.table.rows.values())

    def neighbours(self, config: NetworkConfig) -> Iterator[NetworkConfig]:
        for neighbour in super().neighbours(config):
            if not self._is_used_up:
                yield self.nearest(neighbour)

    def nearest(self, config: NetworkConfig) -> NetworkConfig:
        """The network that stands for `config`, which the space holds.

        Raises:
            ValueError: every network of the table was started.
        """
        arch_id = config.arch_id
        if arch_id in self.table.rows and arch_id not in self.seen:
            return self.table.rows[arch_id].config
        if self._is_used_up:
            raise ValueError("every network of the table was started")
        places = self._places[config.family]
        unseen = self._unseen(places)
        distances = np.abs(self._coordinates[config.family] - self._of(config)).sum(axis=1)
        if not unseen.any():
            alike = self._structures - self._structures[places[int(np.argmin(distances))]]
            distances = np.square(alike).sum(axis=1)
            places = np.arange(len(self._ids))
            unseen = self._unseen(places)
        place = places[int(np.argmin(np.where(unseen, distances, np.inf)))]
        return self.table.rows[self._ids[place]].config

    @property
    def _is_used_up(self) -> bool:
        return len(self.seen) == len(self.table.rows)

    def _unseen(self, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        return np.array([self._ids[place] not in self.seen for place in places], dtype=bool)

    @cached_property
    def _ids(self) -> list[str]:
        return list(self.table.rows)

    @cached_property
    def _places(self) -> dict[str, NDArray[np.intp]]:
        """Of the networks of each family, in the order of the table."""
        families = np.array([row.config.family for row in self.table.rows.values()])
        return {it.family: np.flatnonzero(families == it.family) for it in self.families}

    @cached_property
    def _coordinates(self) -> dict[str, Array]:
        """Of the networks of each family: a row for each."""
        rows = list(self.table.rows.values())
        return {
            family: np.array([self._of(rows[place].config) for place in places])
            for family, places in self._places.items()
        }

    def _of(self, config: NetworkConfig) -> Array:
        space = next(it for it in self.families if it.family == config.family)
        return np.array(list(_coordinates(space, config)))

    @cached_property
    def _structures(self) -> Array:
        features = np.array(
            [
                [
                    math.log(row.macs),
                    math.log(row.params),
                    row.structure.dense_equivalent_depth or 0.0,
                    row.structure.convolution_radius_px or 0.0,
                ]
                for row in self.table.rows.values()
            ]
        )
        deviations = features.std(axis=0)
        scaled: Array = features / np.where(deviations > 0, deviations, 1.0)
        return scaled


def _coordinates(space: FamilySpace, config: NetworkConfig) -> Iterator[float]:
    """Such that the distance between two networks is the sum of the absolute differences."""
    values = space.placed(config)
    for name, hyperparameter in space.hyperparameters().items():
        yield from _coordinates_of(hyperparameter, values[name])


def _coordinates_of(hyperparameter: Hyperparameter, value: Value) -> Iterator[float]:
    choices = values_of(hyperparameter)
    if any(isinstance(it, str | bool) for it in choices):
        yield from (0.5 * (value == choice) for choice in choices)
    elif len(choices) > 1:
        yield choices.index(value) / (len(choices) - 1)
