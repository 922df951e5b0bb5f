"""Bounds on the columns of a run, as people type them: `latency_ms<=15 and macs<=2e9`."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from foundation import nearest
from reports.columns import Column
from reports.records import COLUMNS, TrialRecord

Comparison = Literal["<=", ">=", "<", ">"]

NUMBERS: Mapping[str, Column] = {
    column.name: column for column in COLUMNS if column.kind is not str
}
"""The columns that a bound may name."""
_BOUND = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([^<>=\s]+)\s*")


@dataclass(frozen=True)
class Bound:
    """What the value of a column must keep, such as `latency_ms <= 15`."""

    column: str
    comparison: Comparison
    limit: float

    def __str__(self) -> str:
        return f"{self.column} {self.comparison} {self.limit:,.10g}"

    def allows(self, value: float) -> bool:
        """Whether the value keeps it."""
        match self.comparison:
            case "<=":
                return value <= self.limit
            case ">=":
                return value >= self.limit
            case "<":
                return value < self.limit
            case ">":
                return value > self.limit

    def is_kept(self, record: TrialRecord) -> bool:
        """Whether the record's value is known and keeps it."""
        value = getattr(record, self.column)
        return value is not None and self.allows(value)

    def is_crossed(self, record: TrialRecord) -> bool:
        """Whether one end of the value's 95 % interval keeps it and the other does not."""
        ends = interval(record, self.column)
        return ends is not None and self.allows(ends[0]) is not self.allows(ends[1])

    def miss(self, record: TrialRecord) -> float:
        """By what part of the limit the value misses it; infinite if it is not known."""
        value = getattr(record, self.column)
        if value is None:
            return math.inf
        if self.allows(value):
            return 0.0
        return float(abs(value - self.limit)) / (abs(self.limit) or 1.0)


def parse_bounds(expression: str) -> tuple[Bound, ...]:
    """The bounds in `expression`, such as "latency_ms<=15 and macs<=2e9".

    Raises:
        ValueError: a part is no bound, its column is unknown, or its limit is no finite number.
    """
    return tuple(_bound(part, expression) for part in re.split(r"\band\b", expression))


def interval(record: TrialRecord, column: str) -> tuple[float, float] | None:
    """The 95 % interval of a record's value; None where the column has none, or it is not known."""
    if column != "latency_ms":
        return None
    low, high = record.latency_ci_low_ms, record.latency_ci_high_ms
    return None if low is None or high is None else (low, high)


def shown(record: TrialRecord, column: str) -> str:
    """A record's value with its interval, as in 9.12 [9.05, 9.3]; empty if it is not known."""
    value, ends = getattr(record, column), interval(record, column)
    if value is None:
        return ""
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    return number if ends is None else f"{number} [{ends[0]:,.4g}, {ends[1]:,.4g}]"


def described(record: TrialRecord, columns: Sequence[str]) -> str:
    """The known values of columns: `latency_ms 9.12 [9.05, 9.3] and macs 1,200,000`."""
    values = [(name, shown(record, name)) for name in columns]
    return " and ".join(f"{name} {value}" for name, value in values if value)


def _bound(part: str, expression: str) -> Bound:
    match = _BOUND.fullmatch(part)
    if match is None:
        raise ValueError(
            "a bound must be COLUMN<=NUMBER or COLUMN>=NUMBER, several joined by `and`, as in "
            f"'latency_ms<=15 and macs<=2e9', got {expression!r}"
        )
    name, comparison, text = match.groups()
    if name not in NUMBERS:
        raise ValueError(
            f"a bound must name a column of numbers, got {name!r}{nearest(name, NUMBERS)}"
        )
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise ValueError(f"the bound on {name} must be a finite number, got {text!r}")
    return Bound(name, cast(Comparison, comparison), limit)
