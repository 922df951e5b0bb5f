"""`paretosr sweep`; what it measures is tested beside paretosr.measuring.sweeping."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_sweep_knows_its_scales_and_targets(cli: Callable[..., Any], tmp_path: Path) -> None:
    for options, message in (
        (("--scale", 5), "scale must be 2, 3 or 4, got 5"),
        (("--target", "al"), "unknown runtime 'al'"),
    ):
        completed = cli("sweep", tmp_path / "costs.csv", *options)
        assert (completed.status, completed.out) == (2, "")
        assert message in completed.err
    assert list(tmp_path.iterdir()) == []
