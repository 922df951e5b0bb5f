"""What to say of a run in which no network kept every bound."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.records import TrialRecord
from reports.run_settings import RunSettings
from reports.selection.bounds import Bound, interval


@dataclass(frozen=True)
class UnkeptBound:
    """A bound that none of some networks kept."""

    bound: Bound
    nearest: TrialRecord
    baseline: TrialRecord | None

    @property
    def is_clear(self) -> bool:
        """Whether the whole interval of the nearest value, if it has one, lies beyond the bound."""
        return not self.bound.is_crossed(self.nearest)

    @property
    def excess(self) -> float:
        """The end of the nearest value's interval that is closer to the bound, over the bound."""
        ends = interval(self.nearest, self.bound.column)
        value = float(getattr(self.nearest, self.bound.column))
        is_most = self.bound.comparison == "<="
        near = value if ends is None else ends[0] if is_most else ends[1]
        return near / self.bound.limit if self.bound.limit > 0 else float("inf")

    def __str__(self) -> str:
        return f"none kept {self.bound}: the nearest had {self.in_words()}"

    def in_words(self) -> str:
        """The nearest value with its interval, and that of the baseline."""
        column = self.bound.column
        ends = interval(self.nearest, column)
        between = "" if ends is None else f" ({ends[0]:,.4g} to {ends[1]:,.4g})"
        known = None if self.baseline is None else getattr(self.baseline, column)
        beside = "" if known is None else f", bicubic {known:,.4g}"
        return f"{getattr(self.nearest, column):,.4g}{between}{beside}"


def bounds_of(allowed: Mapping[str, tuple[float | None, float | None]]) -> tuple[Bound, ...]:
    """The bounds in what is allowed of columns, the least and the largest value, one by one."""
    return tuple(
        bound
        for name, (least, most) in allowed.items()
        for bound in (
            *([] if least is None else [Bound(name, ">=", least)]),
            *([] if most is None else [Bound(name, "<=", most)]),
        )
    )


def unkept_bounds(
    records: Sequence[TrialRecord], baseline: TrialRecord | None, bounds: Sequence[Bound]
) -> Iterator[UnkeptBound]:
    """The bounds that no network kept of which the column is known, if there is such a network."""
    for bound in bounds:
        known = [record for record in records if getattr(record, bound.column) is not None]
        if known and not any(bound.is_kept(record) for record in known):
            yield UnkeptBound(bound, min(known, key=bound.miss), baseline)


def why_nothing_trained(records: Sequence[TrialRecord], settings: RunSettings) -> str | None:
    """The bound that no trial kept, with the value nearest to it; None if a network was trained."""
    if any(record.state == "trained" and not record.is_baseline for record in records):
        return None
    baseline = next((record for record in records if record.is_baseline), None)
    rejected = [record for record in records if record.state == "infeasible"]
    for unkept in unkept_bounds(rejected, baseline, bounds_of(settings.bounds)):
        return str(unkept)
    if rejected and settings.bounds:
        return f"none of {len(rejected)} trials kept every constraint"
    if rejected:
        return f"none of {len(rejected)} trials made a network, the last for {rejected[-1].reason}"
    return "no trained trial yet"
