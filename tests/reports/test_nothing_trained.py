"""A run without a trained network says which bound left none, and by how much."""

from dataclasses import replace

import pytest

from reports.nothing_trained import why_nothing_trained
from reports.records import TrialRecord
from reports.run_settings import RunSettings

Bounds = dict[str, tuple[float | None, float | None]]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (
            {"latency_ms": (None, 1.5)},
            "none kept latency_ms <= 1.5: the nearest had 10 (9.7 to 10.5), bicubic 2",
        ),
        ({"psnr_y_db": (40, None)}, "none kept psnr_y_db >= 40: the nearest had 36, bicubic 33"),
        ({"activation_mib": (None, 1)}, "none kept activation_mib <= 1: the nearest had 2"),
        # Each bound is kept by some trial, but both by none.
        ({"latency_ms": (None, 15), "psnr_y_db": (35.5, None)}, "none of 4 trials kept every"),
    ],
)
def test_the_bound_that_no_trial_kept(
    records: list[TrialRecord], settings: RunSettings, bounds: Bounds, message: str
) -> None:
    baseline, *trials = records[:5]
    rejected = [replace(record, state="infeasible", reason="a bound") for record in trials]
    why = why_nothing_trained([baseline, *rejected], replace(settings, bounds=bounds))
    assert why is not None and why.startswith(message)


def test_nothing_is_said_of_a_run_with_a_trained_network(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    assert why_nothing_trained(records, settings) is None
    assert why_nothing_trained(records[:1], settings) == "no trained trial yet"


def test_what_makes_no_network_is_not_said_to_break_a_constraint(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    odd = [replace(record, state="infeasible", reason="an odd split") for record in records[1:3]]
    why = why_nothing_trained(odd, replace(settings, bounds={}))
    assert why == "none of 2 trials made a network, the last for an odd split"
