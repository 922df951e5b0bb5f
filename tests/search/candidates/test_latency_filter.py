"""Candidates ruled out by a stored calibration, whose right predictions are known."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from blocks import SmsrConfig, SplitSRConfig
from profilers import describe_device
from profilers.agent.machine import Description
from profilers.predictor import CalibrationFile
from reports.records import TrialRecord
from search.candidates.candidate import Candidate, Costing, described
from search.candidates.latency_filter import LatencyFilter, latency_filter_of, stored_calibration
from search.config import SearchConfig
from search.loop import Search
from search.session import open_study
from search.space.sample import networks
from search.storage.run_directory import RunDirectory

SEARCH: dict[str, Any] = {
    "scale": 2,
    "families": {
        "splitsr": {"channels": [8, 16], "groups": [1, 2, 3], "blocks": [1, 2, 3]},
    },
    "objectives": ["psnr_y_db", "latency_ms"],
    "budget": {"trials": 20, "steps": 5},
    "target": "eager:lr=16x16",
    "sampler": "random",
}


@pytest.fixture(scope="module")
def file(known_costs: Any, tmp_path_factory: pytest.TempPathFactory) -> CalibrationFile:
    space = SearchConfig.model_validate(SEARCH).space
    configs = list(itertools.islice(networks(space, seed=0), 80))
    path = tmp_path_factory.mktemp("calibration") / "known.jsonl"
    made: CalibrationFile = known_costs.file(path, configs)
    return made


def config_with(file: CalibrationFile, **bounds: float) -> SearchConfig:
    constraints = {"latency_ms": bounds}
    fields = {**SEARCH, "constraints": constraints, "calibration": str(file.path)}
    return SearchConfig.model_validate(fields)


def record_of(config: SearchConfig, network: Any) -> TrialRecord:
    return described(7, Candidate.of(network), Costing(config.target, config.seed))


def latency_filter_on(device: Description, config: SearchConfig, listener: Any) -> LatencyFilter:
    stored = stored_calibration(config, device, listener)
    return latency_filter_of(config, stored, device, listener)


def test_what_is_surely_too_slow_is_ruled_out_as_predicted(
    file: CalibrationFile, known_costs: Any, listener: Any
) -> None:
    measured = sorted(file.measurements, key=lambda measurement: measurement.latency_ratio)
    fastest_ms, slowest_ms = (2 * measured[place].latency_ratio for place in (0, -1))
    config = config_with(file, max=(fastest_ms * slowest_ms) ** 0.5)
    latency_filter = latency_filter_on(describe_device(), config, listener)
    fast, slow = (
        latency_filter(record_of(config, network.config), network.config)
        for network in (measured[0], measured[-1])
    )
    assert fast == record_of(config, measured[0].config)
    assert (slow.state, slow.source) == ("infeasible", "predicted")
    assert slow.latency_ms == pytest.approx(slowest_ms, rel=0.02)
    assert "predicted latency_ms" in str(slow.reason) and "above its max" in str(slow.reason)
    assert "90 % interval" in str(slow.reason)
    assert listener.warnings == []


def test_what_only_training_or_measuring_can_tell_passes(
    file: CalibrationFile, listener: Any
) -> None:
    config = config_with(file, max=1e-3)
    latency_filter = latency_filter_on(describe_device(), config, listener)
    learned = SmsrConfig(scale=2, channels=16, modules=1, layers=1)
    assert latency_filter(record_of(config, learned), learned).state == "proposed"
    assert listener.warnings == []
    other = SplitSRConfig(scale=2, channels=512, hybrid_index=0)
    assert latency_filter(record_of(config, other), other).state == "proposed"
    assert listener.warnings[0].startswith("the latency of trial 7 is measured, not predicted")


def test_the_calibration_of_another_machine_is_not_used_and_that_is_said(
    file: CalibrationFile, listener: Any
) -> None:
    config = config_with(file, max=1e-3)
    latency_filter = latency_filter_on(
        {**describe_device(), "cpu_model": "abacus"}, config, listener
    )
    network = file.measurements[0].config
    assert latency_filter(record_of(config, network), network).state == "proposed"
    (warning,) = listener.warnings
    assert "is not used, every latency is measured: " in warning


def test_a_search_measures_only_what_may_keep_the_bound(
    file: CalibrationFile, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    ratios = sorted(measurement.latency_ratio for measurement in file.measurements)
    config = config_with(file, max=2 * ratios[len(ratios) // 2])
    latency_filter = latency_filter_on(describe_device(), config, listener)
    run = RunDirectory(tmp_path)
    Search(config, open_study(config, run, listener), evaluator, listener, latency_filter).run()
    predicted = [record for record in listener.records if record.source == "predicted"]
    assert predicted
    assert not {record.arch_id for record in predicted} & set(evaluator.trained)
    assert all(record.psnr_y_db is None for record in predicted)


def test_a_calibration_without_a_bound_on_latency_is_refused(file: CalibrationFile) -> None:
    with pytest.raises(ValueError, match="add one, or leave calibration out"):
        SearchConfig.model_validate({**SEARCH, "calibration": str(file.path)})
