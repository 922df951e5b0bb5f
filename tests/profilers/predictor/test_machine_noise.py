"""Ratios of a machine that disturbs families by known powers of what its probes take."""

import itertools
from typing import Any

import numpy as np
import pytest

from profilers import Subject, describe_device
from profilers.predictor import LatencyPredictor, Measurement
from profilers.predictor.machine_noise import Noise
from search.space.sample import networks

QUIET_MS = (0.05, 0.3)
POWERS = {"splitsr": (-0.05, 0.1), "seemore": (0.3, 0.2)}
Slowness = tuple[float, float]


def noisy(measurement: Measurement, slowness: Slowness) -> Measurement:
    """As it is measured while computing and copying take so many times as long as quiet."""
    powers = POWERS[measurement.config.family]
    factor = slowness[0] ** powers[0] * slowness[1] ** powers[1]
    return measurement.model_copy(
        update={
            "latency_ratio": measurement.latency_ratio * factor,
            "ratios": {variant: ratio * factor for variant, ratio in measurement.ratios.items()},
            "compute_probe_ms": QUIET_MS[0] * slowness[0],
            "copy_probe_ms": QUIET_MS[1] * slowness[1],
        }
    )


def slownesses() -> list[Slowness]:
    """Quiet in a quarter of the cases, as a shared core is by the tenth of a second."""
    random = np.random.default_rng(0)
    shared = np.column_stack([random.uniform(1.2, 1.6, 300), random.uniform(1.0, 2.0, 300)])
    shared[::4] = 1.0
    return [(compute, copy) for compute, copy in shared.tolist()]


def test_predictions_are_those_of_a_quiet_machine(known_costs: Any) -> None:
    configs = itertools.islice(networks(known_costs.space, seed=0), 120)
    slowness = iter(slownesses())
    measured = [
        [noisy(known_costs.measured(config), next(slowness)) for _ in range(2)]
        for config in configs
    ]
    predictor = LatencyPredictor(known_costs.header(), measured)
    for config in itertools.islice(networks(known_costs.space, seed=1), 12):
        truth = known_costs.measured(config).latency_ratio
        prediction = predictor.predict(Subject(config), known_costs.target, describe_device())
        assert prediction.latency_ratio == pytest.approx(truth, rel=0.03)


def test_the_powers_are_found_and_taken_out(known_costs: Any) -> None:
    truths = [
        known_costs.measured(config)
        for config in itertools.islice(networks(known_costs.space, seed=0), 200)
    ]
    measured = [noisy(*pair) for pair in zip(truths, slownesses(), strict=False)]
    errors = [
        np.log(one.latency_ratio / truth.latency_ratio)
        for one, truth in zip(measured, truths, strict=True)
    ]
    traits = [{one.config.family: 1.0} for one in measured]
    noise = Noise.unknown(measured).fitted(measured, traits, errors)
    assert noise.quiet_ms == pytest.approx(QUIET_MS)
    for family, powers in POWERS.items():
        assert noise.powers[family] == pytest.approx(powers, abs=0.02)
    for one, trait, truth in zip(measured, traits, truths, strict=True):
        quiet = noise.quiet(one, trait)
        assert quiet.latency_ratio == pytest.approx(truth.latency_ratio, rel=0.02)
        assert quiet.latency_ratio == min(quiet.ratios.values())


def test_what_takes_more_time_of_a_network_may_suffer_more(known_costs: Any) -> None:
    truth = known_costs.measured(next(networks(known_costs.space, seed=0)))
    random = np.random.default_rng(0)
    traits = [{"calls": share, "MACs": 1 - share} for share in random.random(300).tolist()]
    measured, errors = [], []
    for slowness, trait in zip(slownesses(), traits, strict=True):
        probes_ms = np.multiply(QUIET_MS, slowness).tolist()
        update = dict(zip(("compute_probe_ms", "copy_probe_ms"), probes_ms, strict=True))
        measured.append(truth.model_copy(update=update))
        errors.append(0.07 + np.log(slowness[0]) * (0.5 * trait["calls"] - 0.1 * trait["MACs"]))
    powers = Noise.unknown(measured).fitted(measured, traits, errors).powers
    assert powers["calls"] == pytest.approx([0.5, 0], abs=0.03)
    assert powers["MACs"] == pytest.approx([-0.1, 0], abs=0.03)


def test_without_probes_nothing_is_taken_out(known_costs: Any) -> None:
    measured = [
        known_costs.measured(config)
        for config in itertools.islice(networks(known_costs.space, seed=0), 20)
    ]
    traits = [{one.config.family: 1.0} for one in measured]
    noise = Noise.unknown(measured).fitted(measured, traits, [0.1] * len(measured))
    assert list(map(noise.quiet, measured, traits)) == measured
