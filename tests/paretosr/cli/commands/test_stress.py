"""`paretosr stress`; the options that commands share are those of paretosr.cli.options."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_network_that_runs_without_a_pause(cli: Callable[..., Any], tiny_network: Path) -> None:
    options = ("stress", tiny_network, "--target", "eager:lr=24x32", "--seconds", 0.5)
    answer = cli(*options, "--json").json
    assert answer["windows"][-1]["ended_seconds"] >= 0.5
    assert 0 < answer["ci_low"] <= answer["slowdown"] <= answer["ci_high"]
    assert answer["variant"] in ("in_place", "concatenated")
    shown = cli(*options)
    assert re.search(r"without a pause\n(.*\n)*.* 1\.000 *\n", shown.out)
    assert (shown.status, shown.err) == (0, "")


def test_a_time_must_be_positive(cli: Callable[..., Any], tiny_network: Path) -> None:
    completed = cli("stress", tiny_network, "--seconds", "-1")
    assert completed.err == "paretosr: --seconds must be greater than 0, got -1.0\n"
