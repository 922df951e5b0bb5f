"""Predictions of a calibration whose right answers are known."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from blocks import SmsrConfig
from profilers import Target, describe_device
from reports.records import TrialRecord
from search.candidates.candidate import Candidate, Costing, described
from search.insights.predictions import predictions
from search.space.sample import networks


def test_the_measured_networks_are_predicted(known_costs: Any, tmp_path: Path) -> None:
    configs = list(itertools.islice(networks(known_costs.space, seed=0), 28))
    file = known_costs.file(tmp_path / "known.jsonl", configs)
    target = known_costs.target
    latencies_ms = [2 * it.latency_ratio for it in file.measurements]

    def record(trial: int, config: Any, latency_ms: float | None, on: Target) -> TrialRecord:
        found = described(trial, Candidate.of(config), Costing(on, 0))
        return TrialRecord.from_json({**found.to_json(), "latency_ms": latency_ms})

    records = [
        record(3, configs[0], latencies_ms[0], target),
        record(4, configs[1], None, target),  # not measured
        record(5, configs[2], 1.0, Target.parse("eager:lr=32x32")),  # elsewhere
        record(6, SmsrConfig(scale=2), 1.0, target),  # whose weights decide
        record(9, configs[3], latencies_ms[3], target),
    ]
    found = predictions(file, target, describe_device(), records)
    assert [it.trial for it in found] == [3, 9]
    for it, latency_ms in zip(found, (latencies_ms[0], latencies_ms[3]), strict=True):
        assert it.latency_ms == pytest.approx(latency_ms, rel=0.02)
        assert it.ci_low_ms <= it.latency_ms <= it.ci_high_ms
