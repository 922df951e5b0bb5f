"""Networks drawn from a search space at random, without a search."""

import itertools
from collections.abc import Iterator

import numpy as np

from blocks.config import Scale
from blocks.networks.registry import NetworkConfig
from search.space.family import FamilySpace
from search.space.hyperparameters import values_of
from search.space.search_space import SearchSpace

_BARREN_DRAWS = 1000
"""So many draws without a new network, and the family is taken to have no more."""


def networks(space: SearchSpace, *, seed: int) -> Iterator[NetworkConfig]:
    """Yield different networks, the families in turn, until every family is exhausted.

    The values of a hyperparameter are drawn with equal probability. The same seed gives the same
    networks.
    """
    families = [
        _of_family(family, space.scale, np.random.default_rng((seed, number)))
        for number, family in enumerate(space.families)
    ]
    for turn in itertools.zip_longest(*families):
        yield from (config for config in turn if config is not None)


def _of_family(
    family: FamilySpace, scale: Scale, generator: np.random.Generator
) -> Iterator[NetworkConfig]:
    values = {
        name: values_of(hyperparameter) for name, hyperparameter in family.hyperparameters().items()
    }
    seen: set[str] = set()
    barren = 0
    while barren < _BARREN_DRAWS:
        barren += 1
        shares = generator.random(len(values))
        chosen = {
            name: options[int(share * len(options))]
            for (name, options), share in zip(values.items(), shares, strict=True)
        }
        try:
            config = family.network(chosen, scale).canonical()
        except ValueError:  # each hyperparameter is in its range, but together they make no network
            continue
        if config.arch_id not in seen:
            seen.add(config.arch_id)
            barren = 0
            yield config
