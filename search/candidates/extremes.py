"""The designs at the ends of a family's space: those that cost the least, or break the least."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from blocks.config import Scale
from reports.columns import Precision
from reports.records import TrialRecord
from search.candidates.candidate import Candidate, Costing, described, with_analytic_cost
from search.space import FamilySpace
from search.space.hyperparameters import Value, values_of

STARTS = (0.0, 1.0, 0.5)

Score = Callable[[TrialRecord], Any]
"""What is to become small: a number, or a tuple of them."""


@dataclass(frozen=True)
class Extreme:
    """A design, the values that make it, and its cheap columns."""

    family: FamilySpace
    values: Mapping[str, Value]
    candidate: Candidate
    record: TrialRecord


class Extremes:
    """Coordinate descent over the hyperparameters of one family.

    From the first, the last and the middle value of every hyperparameter, one after the other is
    set to its best value until nothing improves. The costs grow or fall with each hyperparameter
    alone, so that such a descent ends at an extreme of the space.
    """

    def __init__(self, family: FamilySpace, scale: Scale, costing: Costing) -> None:
        self._family = family
        self._scale = scale
        self._costing = costing
        self._records: dict[str, TrialRecord] = {}
        self._choices = {
            name: values_of(hyperparameter)
            for name, hyperparameter in family.hyperparameters().items()
        }

    def least(self, score: Score, *, is_enough: Callable[[Any], bool] = lambda _: False) -> Extreme:
        """The design of the least score found, or the first whose score is enough.

        Raises:
            ValueError: no combination of values that was tried makes a network.
        """
        found: list[Extreme] = []
        for share in STARTS:
            extreme = self._improved(self._family.values_at(share), score, is_enough)
            if extreme is None:
                continue
            found.append(extreme)
            if is_enough(score(extreme.record)):
                break
        if not found:
            raise ValueError(
                f"some combination of {self._family.family}'s hyperparameters must make a network, "
                "but none tried does: check its ranges"
            )
        return min(found, key=lambda extreme: score(extreme.record))

    def beyond(self, extreme: Extreme, score: Score) -> tuple[str, Value, Extreme] | None:
        """The hyperparameter outside whose range the score falls most: its value there, the design.

        Numbers are tried at half and twice the value that `extreme` has, and one below it. None if
        no such design scores less.
        """
        found = []
        for name, value in self._outside(extreme.values):
            design = self.design({**extreme.values, name: value})
            if design is not None and score(design.record) < score(extreme.record):
                found.append((name, value, design))
        return min(found, key=lambda it: score(it[2].record), default=None)

    def _outside(self, values: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            near = [value // 2, value - 1] if isinstance(value, int) else [value / 2]
            known = self._choices[name]
            yield from ((name, it) for it in (*near, 2 * value) if it > 0 and it not in known)

    def _improved(
        self, values: dict[str, Value], score: Score, is_enough: Callable[[Any], bool]
    ) -> Extreme | None:
        best, improved = self.design(values), True
        while improved and (best is None or not is_enough(score(best.record))):
            improved = False
            for name, choice in self._changes():
                design = self.design({**values, name: choice})
                if design is None or (best and score(design.record) >= score(best.record)):
                    continue
                values, best, improved = {**values, name: choice}, design, True
        return best

    def _changes(self) -> Iterator[tuple[str, Value]]:
        for name, choices in self._choices.items():
            yield from zip(itertools.repeat(name), choices)

    def design(self, values: Mapping[str, Value]) -> Extreme | None:
        """The design that these values make, in their ranges or not; None if they make none."""
        precision = cast(Precision, self._costing.target.precision)
        try:
            candidate = Candidate.of(self._family.network(values, self._scale), precision)
            if candidate.arch_id not in self._records:
                record = described(None, candidate, self._costing)
                record = with_analytic_cost(record, candidate, self._costing)
                self._records[candidate.arch_id] = record
        except ValueError:
            return None
        return Extreme(self._family, values, candidate, self._records[candidate.arch_id])
