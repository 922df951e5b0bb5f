"""Calibrations that measure real networks, for a second."""

from pathlib import Path
from typing import Any

import pytest

from profilers import Target
from profilers.predictor import CalibrationFile
from search.calibrating import calibrate
from search.space import SearchSpace, SplitSRSpace

SPACE = SearchSpace(
    2, (SplitSRSpace(channels=8, groups=(1, 2), blocks=(1, 2), split_ratio=0.5, hybrid_index=1),)
)
TARGET = Target.parse("eager:lr=16x16")


def told(seconds: float, networks: int, text: str) -> None:
    pass


def test_a_calibration_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("search.calibrating.REFERENCE_SECONDS", 0.2)
    monkeypatch.setattr("search.calibrating.NETWORK_SECONDS", 0.2)
    path = tmp_path / "calibration.jsonl"
    first = calibrate(SPACE, TARGET, path, max_seconds=0.1, told=told)
    assert len(first.networks) == 1
    measured = first.networks[0]
    assert measured.config in SPACE
    assert measured.latency_ratio == min(measured.ratios.values())
    assert set(measured.works) == set(measured.ratios)

    again = calibrate(SPACE, TARGET, path, max_seconds=measured.seconds + 0.1, told=told)
    assert again.networks[0] == measured
    assert len(again.networks) == 2
    assert again.networks[1].config != measured.config
    assert again.header == first.header
    assert CalibrationFile(path).networks == again.networks


def test_another_target_is_no_continuation(known_costs: Any, tmp_path: Path) -> None:
    path = tmp_path / "calibration.jsonl"
    known_costs.file(path, [])
    with pytest.raises(ValueError, match=r"cannot be continued: .*choose another FILE"):
        calibrate(SPACE, Target.parse("eager:lr=16x24"), path, max_seconds=1, told=told)
