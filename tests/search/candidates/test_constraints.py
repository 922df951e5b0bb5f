"""Constraints on known and unknown columns."""

import pytest

from reports.records import TrialRecord
from search.candidates.constraints import broken_rule, violations
from search.config import Bounds


def record(**columns: float) -> TrialRecord:
    return TrialRecord(trial=0, arch_id="a", family="splitsr", scale=2, state="trained", **columns)


@pytest.mark.parametrize(
    ("bounds", "value", "violation"),
    [
        (Bounds(max=20), 30.0, 0.5),
        (Bounds(max=20), 20.0, 0.0),
        (Bounds(max=20), 10.0, -0.5),
        (Bounds(min=20), 15.0, 0.25),
        (Bounds(min=20), 25.0, -0.25),
        (Bounds(min=10, max=20), 15.0, -0.25),
        (Bounds(max=0), 3.0, 3.0),
    ],
)
def test_violations_are_relative_to_the_bound(
    bounds: Bounds, value: float, violation: float
) -> None:
    assert violations({"latency_ms": bounds}, record(latency_ms=value)) == {
        "latency_ms": pytest.approx(violation)
    }


def test_what_is_not_known_is_not_judged() -> None:
    assert violations({"latency_ms": Bounds(max=1)}, record()) == {}
    assert broken_rule({"latency_ms": Bounds(max=1)}, record()) is None


def test_the_first_broken_rule_is_put_in_words() -> None:
    constraints = {"psnr_y_db": Bounds(min=30), "macs": Bounds(min=5, max=10)}
    assert broken_rule(constraints, record(psnr_y_db=31.0, macs=7)) is None
    assert (
        broken_rule(constraints, record(psnr_y_db=31.0, macs=12)) == "macs 12 is above its max 10"
    )
    assert broken_rule(constraints, record(psnr_y_db=29.5)) == "psnr_y_db 29.5 is below its min 30"
    assert broken_rule(constraints, record(macs=3)) == "macs 3 is below its min 5"
