"""Networks drawn from a search space without a search: evenly spread, or at random.

Spread points begin with the first and the last values of a family's knobs, mostly its smallest
and its largest network, and follow a scrambled Sobol sequence from there, so that every value of
a knob, and every pair of values, comes about equally often (Sobol 1967; Owen 1998).
"""

import itertools
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from blocks.config import Scale
from blocks.networks import NetworkConfig
from search.knobs import values_of
from search.space.family import FamilySpace
from search.space.search_space import SearchSpace

Spread = Literal["even", "random"]

_BATCH = 64  # a power of 2, as a Sobol sequence wants it
_BARREN_POINTS = 1000
"""So many points without a new network, and the family is taken to have no more."""


def networks(space: SearchSpace, *, spread: Spread, seed: int) -> Iterator[NetworkConfig]:
    """Yield different networks, the families in turn, until every family is exhausted.

    The same seed gives the same networks.
    """
    families = [
        _of_family(family, space.scale, spread, np.random.default_rng((seed, number)))
        for number, family in enumerate(space.families)
    ]
    for turn in itertools.zip_longest(*families):
        yield from (config for config in turn if config is not None)


def _of_family(
    family: FamilySpace, scale: Scale, spread: Spread, generator: np.random.Generator
) -> Iterator[NetworkConfig]:
    values = {name: values_of(knob) for name, knob in family.knobs().items()}
    draw = _even(len(values), generator) if spread == "even" else _random(len(values), generator)
    seen: set[str] = set()
    last_new = 0
    for number, point in enumerate(draw):
        if number - last_new > _BARREN_POINTS:
            return
        chosen = {
            name: options[int(share * len(options))]
            for (name, options), share in zip(values.items(), point, strict=True)
        }
        try:
            config = family.network(chosen, scale).canonical()
        except ValueError:  # each knob is in its range, but together they make no network
            continue
        if config.arch_id not in seen:
            seen.add(config.arch_id)
            last_new = number
            yield config


def _even(knobs: int, generator: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    yield np.zeros(knobs)
    yield np.full(knobs, np.nextafter(1, 0))
    sobol = qmc.Sobol(knobs, rng=generator)
    while True:
        yield from sobol.random(_BATCH)


def _random(knobs: int, generator: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    while True:
        yield generator.random(knobs)
