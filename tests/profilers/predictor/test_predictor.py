"""Predictions where the truth is a known sum, and refusals where nothing is known."""

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from blocks import EdsrConfig, SplitSRConfig
from blocks.networks.registry import NetworkConfig
from profilers import Subject, Target, describe_device
from profilers.predictor import CannotPredict, LatencyPredictor
from search.space.sample import networks


@pytest.fixture(scope="module")
def predictor(known_costs: Any, tmp_path_factory: pytest.TempPathFactory) -> LatencyPredictor:
    path = tmp_path_factory.mktemp("calibration") / "known.jsonl"
    configs = itertools.islice(networks(known_costs.space, seed=0), 120)
    return LatencyPredictor.load(known_costs.file(path, list(configs)))


def test_other_networks_of_the_space_are_predicted(
    predictor: LatencyPredictor, known_costs: Any
) -> None:
    for config in itertools.islice(networks(known_costs.space, seed=1), 12):
        truth = known_costs.measured(config).latency_ratio
        prediction = predictor.predict(Subject(config), known_costs.target, describe_device())
        # Few networks have some of the work, and what is alike cannot be told apart.
        assert prediction.latency_ratio == pytest.approx(truth, rel=0.02)
        assert prediction.latency_ms == pytest.approx(2 * prediction.latency_ratio)
        assert prediction.ci_low < prediction.latency_ratio < prediction.ci_high


def test_the_interval_spans_the_errors_of_networks_left_out(predictor: LatencyPredictor) -> None:
    for family, errors in predictor.errors.items():
        bound = predictor.bounds[family]
        within = [1 / bound <= 1 + error <= bound * (1 + 1e-9) for error in errors]
        assert sum(within) >= math.floor(0.9 * (len(errors) + 1))


@pytest.mark.parametrize(
    ("config", "target", "reason"),
    [
        (SplitSRConfig(scale=2, channels=16), "eager:lr=24x16", "was made on eager"),
        (SplitSRConfig(scale=3, channels=16), "eager:lr=16x16", "scale 2, not 3"),
        (EdsrConfig(scale=2), "eager:lr=16x16", "holds no edsr network"),
        (
            SplitSRConfig(scale=2, channels=16, attention="squeeze_excitation"),
            "eager:lr=16x16",
            "no calibrated network has the work",
        ),
        (
            SplitSRConfig(scale=2, channels=16, groups=99, hybrid_index=0, upsampler="one_step"),
            "eager:lr=16x16",
            "lies outside the",
        ),
    ],
)
def test_what_was_not_calibrated_is_not_predicted(
    predictor: LatencyPredictor, config: NetworkConfig, target: str, reason: str
) -> None:
    with pytest.raises(CannotPredict, match=reason):
        predictor.predict(Subject(config), Target.parse(target), describe_device())


def test_too_few_networks_give_no_interval(known_costs: Any, tmp_path: Path) -> None:
    few = list(itertools.islice(networks(known_costs.space, seed=0), 8))
    with pytest.raises(
        ValueError, match=r"from 9 networks .* holds 4 of splitsr: .* more --minutes"
    ):
        LatencyPredictor.load(known_costs.file(tmp_path / "few.jsonl", few))
