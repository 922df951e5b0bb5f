"""The architectures of the tabular benchmark: their space, and how they are drawn from it."""

from collections.abc import Container, Iterator
from functools import lru_cache
from itertools import islice, zip_longest
from pathlib import Path

from blocks import NetworkConfig
from foundation.documents import read_yaml
from profilers.counting.analytic_cost import macs_bound
from search.space import SearchSpace
from search.space.registry import parse_families
from search.space.sample import networks

SPACE = Path(__file__).resolve().parent / "tabular" / "space.yaml"

# For an output of 1280x720 pixels: 80,000 for each of the 640x360 of the input.
MOST_MACS = 18_432_000_000


@lru_cache
def space() -> SearchSpace:
    """What the table's architectures are drawn from."""
    written = read_yaml(SPACE)
    return SearchSpace(written["scale"], parse_families(written["families"]).searched())


def drawn(per_family: int, seed: int, *, families: Container[str]) -> list[NetworkConfig]:
    """So many architectures of each of the families, in turn; fewer where one has no more.

    Each family is drawn by itself, so that one that joins the space leaves the others as they were.
    """
    whole = space()
    drawings = [
        _fitting(SearchSpace(whole.scale, (family,)), seed)
        for family in whole.families
        if family.family in families
    ]
    turns = zip_longest(*(islice(drawing, per_family) for drawing in drawings))
    return [config for turn in turns for config in turn if config is not None]


def _fitting(family: SearchSpace, seed: int) -> Iterator[NetworkConfig]:
    return (c for c in networks(family, seed=seed) if macs_bound(c).total <= MOST_MACS)
