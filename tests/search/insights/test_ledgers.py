"""Operators and parts of a network add up to its MACs."""

import pytest

from blocks.catalogue import catalogue_config
from profilers.counting.analytic_cost import macs_bound
from search.insights.ledgers import SpentMacs


@pytest.mark.parametrize("name", ["fsrcnn", "span", "safmn", "imdn", "seemore-t"])
def test_they_add_up(name: str) -> None:
    config = catalogue_config(name, 2)
    spent, total = SpentMacs.of(config), macs_bound(config).total
    assert sum(row.macs for row in spent.operators) == total
    assert sum(row.macs for row in spent.parts) == total


def test_the_parts_of_fsrcnn() -> None:
    """Dong et al. 2016: 5x5 to 56, 1x1 to 12, four 3x3, and 1x1 to 56 channels."""
    spent = SpentMacs.of(catalogue_config("fsrcnn", 2))
    pixels = 360 * 640
    known = {row.name: row.macs for row in spent.parts}
    assert known["extract"] == pixels * 25 * 56  # of the one channel Y
    assert known["shrink"] == known["expand"] == pixels * 56 * 12
    assert known["map"] == 4 * pixels * 9 * 12 * 12
