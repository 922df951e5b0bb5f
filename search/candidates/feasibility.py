"""Finding out before the first training whether any architecture can keep the constraints."""

from collections.abc import Mapping

from reports.records import OBJECTIVES, TrialRecord
from search.candidates.candidate import Candidate, Costing, described, with_analytic_cost
from search.candidates.constraints import broken_rule, violations
from search.config import Bounds
from search.space import FamilySpace, SearchSpace
from search.space.hyperparameters import Value, values_of

STARTS = (0.0, 1.0, 0.5)


def check_feasible(
    space: SearchSpace, constraints: Mapping[str, Bounds], costing: Costing
) -> list[str]:
    """Look for an architecture of each family that keeps the constraints on cheap columns.

    From the first, the last and the middle value of every hyperparameter, one after the other
    is set to its least violating value until nothing improves. The costs grow or
    fall with each hyperparameter alone, so that such a descent ends at an extreme of the space.

    Returns a line for each family that has none, where another family has one.

    Raises:
        ValueError: no family has one; the message names the nearest miss.
    """
    cheap = {name: bounds for name, bounds in constraints.items() if OBJECTIVES[name].cheap}
    if not cheap:
        return []
    misses = {}
    for family in space.families:
        descent = _Descent(space, family, cheap, costing)
        nearest = descent.nearest()
        if (rule := broken_rule(cheap, nearest)) is not None:
            misses[family.family] = f"the nearest {family.family} network has {rule}"
    if len(misses) == len(space.families):
        raise ValueError(
            "some architecture of the space must keep the constraints, but none does: "
            f"{'; '.join(misses.values())}: widen the families' ranges or the constraints"
        )
    return [f"no {name} network keeps the constraints: {miss}" for name, miss in misses.items()]


class _Descent:
    """Coordinate descent on the total violation over the hyperparameters of one family."""

    def __init__(
        self,
        space: SearchSpace,
        family: FamilySpace,
        constraints: Mapping[str, Bounds],
        costing: Costing,
    ) -> None:
        self._scale = space.scale
        self._family = family
        self._constraints = constraints
        self._costing = costing
        self._known: dict[str, TrialRecord] = {}
        self._values = {
            name: values_of(hyperparameter)
            for name, hyperparameter in family.hyperparameters().items()
        }

    def nearest(self) -> TrialRecord:
        """The record with the least violation that was found."""
        found = []
        for share in STARTS:
            record = self._improved(self._family.values_at(share))
            if record is not None and self._total(record) <= 0:
                return record
            found.append(record)
        known = [record for record in found if record is not None]
        if not known:
            raise ValueError(
                f"some combination of {self._family.family}'s hyperparameters must make a network, "
                "but none tried does: check its ranges"
            )
        return min(known, key=self._total)

    def _improved(self, values: dict[str, Value]) -> TrialRecord | None:
        best = self._record(values)
        improved = True
        while improved and (best is None or self._total(best) > 0):
            improved = False
            for name, choices in self._values.items():
                for choice in choices:
                    record = self._record({**values, name: choice})
                    if record is None or (best and self._total(record) >= self._total(best)):
                        continue
                    values, best, improved = {**values, name: choice}, record, True
        return best

    def _record(self, values: dict[str, Value]) -> TrialRecord | None:
        try:
            candidate = Candidate.of(self._family.network(values, self._scale))
            if candidate.arch_id not in self._known:
                record = described(None, candidate, self._costing)
                record = with_analytic_cost(record, candidate, self._costing)
                self._known[candidate.arch_id] = record
        except ValueError:
            return None
        return self._known[candidate.arch_id]

    def _total(self, record: TrialRecord) -> float:
        return sum(max(0.0, excess) for excess in violations(self._constraints, record).values())
