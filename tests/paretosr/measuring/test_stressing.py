"""A model that runs without a pause."""

import json

import pytest

import paretosr as psr
from paretosr.measuring.stressing import Stress
from profilers.agent.timing.sustained_times import SustainedTimes, Window


def test_a_network_that_runs_without_a_pause() -> None:
    answer = psr.stress(psr.load("fsrcnn", scale=2), "eager:lr=24x32", seconds=0.5)
    assert answer.times.windows[-1].ended_seconds >= 0.5
    assert 0 < answer.times.ci_low <= answer.times.slowdown <= answer.times.ci_high
    assert answer.variant in ("plain", "shuffled")
    assert " ".join(json.loads(json.dumps(answer.to_dict()))) == (
        "model scale target variant clock slowdown ci_low ci_high repeats windows"
    )


def test_the_last_calls_are_compared_with_the_first() -> None:
    windows = (Window(1.0, 20.0), Window(2.0, 25.0))
    times = SustainedTimes(1.25, 1.2, 1.3, 90, windows)
    answer = Stress("mine", 2, "eager", "plain", "cpu", times)
    (table,) = answer.tables()
    assert table.rows == (("1.0", "20.00", "1.000"), ("2.0", "25.00", "1.250"))
    assert answer.sentences() == (
        "the last calls take 1.250 of the time of the first, 95 % interval 1.200 to 1.300",
    )


def test_bicubic_is_no_network() -> None:
    with pytest.raises(ValueError, match="stress runs a network, and bicubic is none"):
        psr.stress(psr.load("bicubic", scale=2))
