"""Calibrations that measure real networks, for a second."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from profilers import ProfilingFailed, Subject, Target
from profilers.predictor import CalibrationFile
from search.calibrating import calibrate, each_twice
from search.space import SearchSpace, SmsrSpace, SplitSRSpace
from search.space.sample import networks

SPACE = SearchSpace(
    2, (SplitSRSpace(channels=8, groups=(1, 2), blocks=(1, 2), split_ratio=0.5, hybrid_index=1),)
)
TARGET = Target.parse("eager:lr=16x16")


def test_a_calibration_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("search.calibrating.REFERENCE_SECONDS", 0.2)
    monkeypatch.setattr("search.calibrating.MEASUREMENT_SECONDS", 0.2)
    path = tmp_path / "calibration.jsonl"
    first = calibrate(SPACE, TARGET, path, max_seconds=0.1)
    assert len(first.measurements) == 1
    measured = first.measurements[0]
    assert measured.config in SPACE
    assert measured.latency_ratio == min(measured.ratios.values())
    assert set(measured.works) == set(measured.ratios)

    again = calibrate(SPACE, TARGET, path, max_seconds=measured.seconds + 0.1)
    assert again.measurements[0] == measured
    assert len(again.measurements) == 2
    assert again.measurements[1].config != measured.config
    assert again.header == first.header
    assert CalibrationFile(path).measurements == again.measurements


def test_all_networks_of_a_small_space_are_measured_twice(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("search.calibrating.REFERENCE_SECONDS", 0.2)
    monkeypatch.setattr("search.calibrating.MEASUREMENT_SECONDS", 0.1)
    path = tmp_path / "calibration.jsonl"
    small = SearchSpace(2, (SmsrSpace(channels=16, modules=1, layers=(1, 2)),))
    for seconds in (0.1, 1000):  # a part of them, and the rest
        file = calibrate(small, TARGET, path, max_seconds=seconds)
    assert [len(measurements) for measurements in file.networks] == [2, 2]


def test_a_network_that_cannot_run_is_tried_once(tmp_path: Path, monkeypatch: Any) -> None:
    tried = []

    def measured(subject: Subject, *_: object) -> None:
        tried.append(subject.config.arch_id)
        raise ProfilingFailed("cannot run")

    monkeypatch.setattr("search.calibrating.REFERENCE_SECONDS", 0.2)
    monkeypatch.setattr("search.calibrating.measured", measured)
    file = calibrate(SPACE, TARGET, tmp_path / "c.jsonl", max_seconds=1000)
    assert file.measurements == []
    assert sorted(tried) == sorted({config.arch_id for config in networks(SPACE, seed=0)})


def test_others_lie_between_two_measurements_of_a_network() -> None:
    configs = list(itertools.islice(networks(SearchSpace(2, (SplitSRSpace(),)), seed=0), 30))
    order = [config.arch_id for config in each_twice(configs)]
    assert Counter(order) == {config.arch_id: 2 for config in configs}
    for arch_id in set(order[: 2 * 10]):
        first, second = (place for place, other in enumerate(order) if other == arch_id)
        assert second - first >= 10


def test_another_target_is_no_continuation(known_costs: Any, tmp_path: Path) -> None:
    path = tmp_path / "calibration.jsonl"
    known_costs.file(path, [])
    with pytest.raises(ValueError, match=r"cannot be continued: .*choose another FILE"):
        calibrate(SPACE, Target.parse("eager:lr=16x24"), path, max_seconds=1)
