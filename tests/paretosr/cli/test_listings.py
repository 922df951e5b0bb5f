"""`paretosr models` and `targets`: paretosr.cli.commands.models, paretosr.cli.commands.targets."""

from collections.abc import Callable
from typing import Any

import torch

from profilers import Target

# SeemoRe's and SplitSR's parameters are those that the papers' code gives (specification
# sheets); the MACs of SeemoRe-T are the bound over both experts, 45 G being top-1 as printed.
PARAMS = {("seemore-t", 2): 220_104, ("seemore-t", 3): 224_979, ("seemore-t", 4): 231_804}


def test_models_for_machines(cli: Callable[..., Any]) -> None:
    models = {(row["name"], row["scale"]): row for row in cli("models", "--json").json["models"]}
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


def test_targets(cli: Callable[..., Any]) -> None:
    statuses = {status["name"]: status for status in cli("targets", "--json").json["targets"]}
    assert statuses["eager:device=cpu"]["available"] is True
    cuda = statuses["eager:device=cuda"]
    assert cuda["available"] is torch.cuda.is_available()
    assert (cuda["remedy"] is None) is cuda["available"]
    assert "eager:device=cpu" in cli("targets").out


def test_the_help_of_targets_tells_the_true_defaults(cli: Callable[..., Any]) -> None:
    text = cli("targets", "--help").out
    settings = str(Target.parse("eager")).partition(":")[2].split(",")
    for key, value in (setting.split("=") for setting in settings):
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{key} "))
        assert f"{value} [default]" in line or f"[default: {value}]" in line
