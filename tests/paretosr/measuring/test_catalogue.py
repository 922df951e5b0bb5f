"""The list of published networks is what counting them gives.

Covers paretosr.cli.commands.models.
"""

from collections.abc import Callable
from typing import Any

import paretosr as psr
from blocks import CATALOGUE
from paretosr.measuring.catalogue import CatalogueRow

# SeemoRe's and SplitSR's parameters are those that the papers' code gives (specification
# sheets); the MACs of SeemoRe-T are the bound over both experts, 45 G being top-1 as printed.
PARAMS = {("seemore-t", 2): 220_104, ("seemore-t", 3): 224_979, ("seemore-t", 4): 231_804}


def test_the_file_is_up_to_date() -> None:
    """If not: python tools/count_catalogue.py."""
    assert psr.catalogue().rows == tuple(map(CatalogueRow.of, CATALOGUE))


def test_models_for_machines(cli: Callable[..., Any]) -> None:
    models = {(row["name"], row["scale"]): row for row in cli("models", "--json").json}
    assert {name for name, _ in models} >= {"seemore-t", "seemore-b", "seemore-l", "splitsr"}
    assert {scale for _, scale in models} == {2, 3, 4}
    assert {key: models[key]["params"] for key in PARAMS} == PARAMS
    tiny = models["seemore-t", 2]
    assert round(tiny["macs"] / 1e9, 2) == 45.87
    assert tiny["macs_published"] == 45_000_000_000
    assert "top-1" in tiny["macs_published_convention"]


def test_models_as_a_table(cli: Callable[..., Any]) -> None:
    rows = [line.split() for line in cli("models").out.splitlines()]
    assert ["seemore-t", "seemore", "x2", "220,104", "45.87", "45.00"] in rows
