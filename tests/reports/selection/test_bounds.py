"""Bounds, as they are typed and as they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.records import COLUMNS, TrialRecord
from reports.selection import Bound, described, parse_bounds


def test_bounds_are_read_with_and_without_spaces() -> None:
    expected = (Bound("latency_ms", "<=", 15.0), Bound("macs", "<", 2e9))
    assert parse_bounds("latency_ms<=15 and macs<2e9") == expected
    assert parse_bounds(" latency_ms <= 15  and  macs < 2_000_000_000 ") == expected
    assert [str(bound) for bound in expected] == ["latency_ms <= 15", "macs < 2,000,000,000"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("latency<=15", "name a column of numbers, got 'latency'; did you mean 'latency_ms'?"),
        ("family<=15", "a bound must name a column of numbers, got 'family'"),
        ("latency_ms<=fast", "the bound on latency_ms must be a finite number, got 'fast'"),
        ("latency_ms<=nan", "the bound on latency_ms must be a finite number, got 'nan'"),
        ("macs>=-inf", "must be a finite number, got '-inf'"),
        ("latency_ms=15", "a bound must be COLUMN<=NUMBER or COLUMN>=NUMBER"),
        ("15>=latency_ms", "a bound must name a column of numbers, got '15'"),
        ("latency_ms<=15 and", "a bound must be COLUMN<=NUMBER"),
        ("latency_ms<=15 or macs<=2", "a bound must be COLUMN<=NUMBER"),
        ("5<=latency_ms<=15", "a bound must be COLUMN<=NUMBER"),
        ("", "a bound must be COLUMN<=NUMBER"),
    ],
)  # fmt: skip
def test_a_wrong_bound_is_told(expression: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_bounds(expression)
    assert message in str(caught.value)


def test_an_interval_crosses_a_bound_or_lies_on_one_side(records: list[TrialRecord]) -> None:
    record = records[1]  # 10 ms, from 9.7 to 10.5
    crossed = {limit: Bound("latency_ms", "<=", limit).is_crossed(record) for limit in (9, 10, 11)}
    assert crossed == {9: False, 10: True, 11: False}
    assert Bound("latency_ms", "<=", 10.0).is_kept(record)
    assert not Bound("macs", "<=", 230_400_000.0).is_crossed(record)
    assert described(record, ["latency_ms", "macs"]) == (
        "latency_ms 10 [9.7, 10.5] and macs 230,400,000"
    )


@given(st.sampled_from(["<=", ">=", "<", ">"]), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_nothing_misses_what_it_keeps(comparison: str, limit: float, value: float) -> None:
    bound = Bound("psnr_y_db", comparison, limit)  # type: ignore[arg-type]
    values = dict.fromkeys(column.name for column in COLUMNS)
    known = values | {
        "trial": 1,
        "arch_id": "a",
        "family": "splitsr",
        "scale": 2,
        "state": "trained",
    }
    record = TrialRecord(**(known | {"psnr_y_db": value, "source": "measured"}))  # type: ignore[arg-type]
    assert bound.is_kept(record) == eval(f"{value!r} {comparison} {limit!r}")
    if bound.is_kept(record):
        assert bound.miss(record) == 0
