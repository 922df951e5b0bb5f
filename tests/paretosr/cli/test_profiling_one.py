"""What the table of `paretosr profile` says of measurements that are given."""

import pytest

from blocks.models import resolve_model
from paretosr.cli.profiling_one import _write_table
from paretosr.costs import ModelProfile
from profilers import Latency, Target
from profilers.agent.fastest_variant import OtherVariant


def table(capsys: pytest.CaptureFixture[str], repeats: int) -> str:
    latency = Latency(
        latency_ms=10.0,
        latency_ci_low_ms=9.0,
        latency_ci_high_ms=11.0,
        latency_ratio=0.5,
        first_ms=12.0,
        p90_ms=10.5,
        repeats=repeats,
        reference_spread=0.01,
        prepare_seconds=None,
        max_difference=None,
        variant="plain",
        other_variants=(OtherVariant("shuffled", 1.42, None),),
    )
    profile = ModelProfile(1000, 10**9, {}, 1.0, 2.0, latency)
    _write_table(resolve_model("fsrcnn", 2), Target(), profile)
    return capsys.readouterr().out


def test_a_slowest_tenth_needs_ten_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nine of ten" not in table(capsys, 9)
    assert "nine of ten calls were faster, n = 10" in table(capsys, 10)


def test_the_time_of_another_variant_is_that_of_the_measured_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "takes 1.42 times as long as plain" in table(capsys, 10)
