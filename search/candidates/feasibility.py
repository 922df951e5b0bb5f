"""Finding out before the first training whether any architecture can keep the constraints."""

from collections.abc import Callable, Mapping

from reports.records import OBJECTIVES, TrialRecord
from search.candidates.candidate import Costing
from search.candidates.constraints import broken_rule, violations
from search.candidates.extremes import Extreme, Extremes
from search.config import Bounds
from search.space import SearchSpace


def check_feasible(
    space: SearchSpace, constraints: Mapping[str, Bounds], costing: Costing
) -> list[str]:
    """Look for an architecture of each family that keeps the constraints on cheap columns.

    Returns a line for each family that has none, where another family has one.

    Raises:
        ValueError: no family has one; the message names the nearest miss and what would keep it.
    """
    cheap = cheap_constraints(constraints)
    if not cheap:
        return []
    misses: dict[str, str] = {}
    for family in space.families:
        extremes = Extremes(family, space.scale, costing)
        nearest = extremes.least(total_violation(cheap), is_enough=lambda total: total <= 0)
        if (rule := broken_rule(cheap, nearest.record)) is not None:
            wider = _wider(extremes, nearest, cheap)
            misses[family.family] = f"the nearest {family.family} network has {rule}{wider}"
    if len(misses) == len(space.families):
        raise ValueError(
            "some architecture of the space must keep the constraints, but none does: "
            f"{'; '.join(misses.values())}: widen the families' ranges or the constraints"
        )
    return [f"no {name} network keeps the constraints: {miss}" for name, miss in misses.items()]


def cheap_constraints(constraints: Mapping[str, Bounds]) -> Mapping[str, Bounds]:
    """Those on columns that a design alone tells."""
    return {name: bounds for name, bounds in constraints.items() if OBJECTIVES[name].cheap}


def total_violation(constraints: Mapping[str, Bounds]) -> Callable[[TrialRecord], float]:
    """How far a record breaks them all together, each relative to its bound; 0 if it keeps them."""
    return lambda record: sum(
        max(0.0, excess) for excess in violations(constraints, record).values()
    )


def _wider(extremes: Extremes, nearest: Extreme, constraints: Mapping[str, Bounds]) -> str:
    """Which hyperparameter would have to reach further, in brackets; empty if none helps."""
    found = extremes.beyond(nearest, total_violation(constraints))
    if found is None:
        return ""
    name, value, design = found
    left = broken_rule(constraints, design.record)
    kept = "would keep them" if left is None else f"would have {left.partition(' is ')[0]}"
    return f" ({nearest.family.family}.{nearest.family.key_of(name)}: {value} {kept})"
