"""Constraints on columns: which are broken, how far, and in which words."""

from collections.abc import Mapping

from reports.records import TrialRecord
from search.config import Bounds


def violations(constraints: Mapping[str, Bounds], record: TrialRecord) -> dict[str, float]:
    """How far each constraint with a known column is broken, relative to its bound.

    At most 0 means kept, as Optuna wants it.
    """
    return {
        name: max(excess for excess, _ in _excesses(bounds, float(value)))
        for name, bounds in constraints.items()
        if (value := getattr(record, name)) is not None
    }


def broken_rule(constraints: Mapping[str, Bounds], record: TrialRecord) -> str | None:
    """The first broken constraint in words, or None where all known columns keep theirs."""
    for name, bounds in constraints.items():
        value = getattr(record, name)
        if value is None:
            continue
        for excess, bound in _excesses(bounds, float(value)):
            if excess > 0:
                side = "above its max" if value > bound else "below its min"
                return f"{name} {value:,.6g} is {side} {bound:,.6g}"
    return None


def _excesses(bounds: Bounds, value: float) -> list[tuple[float, float]]:
    """Each bound with the amount by which `value` breaks it, relative to the bound."""
    excesses = []
    if bounds.max is not None:
        excesses.append((_relative(value - bounds.max, bounds.max), bounds.max))
    if bounds.min is not None:
        excesses.append((_relative(bounds.min - value, bounds.min), bounds.min))
    return excesses


def _relative(excess: float, bound: float) -> float:
    return excess / abs(bound) if bound else excess
