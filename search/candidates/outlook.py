"""Whether the bounds on measured costs are likely to be kept: what the cheapest designs take.

The cheapest are the designs of each family with the fewest MACs, the least live activations and the
fewest parameters. Those of the quickstart's two families were timed beside all designs that differ
from them in one hyperparameter: the fastest of these took 8 % less, on eager PyTorch.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from foundation.listener import Listener
from reports.nothing_trained import UnkeptBound, bounds_of, unkept_bounds
from reports.records import OBJECTIVES, TrialRecord
from reports.selection.bounds import Bound
from search.candidates.candidate import INT8, Costing
from search.candidates.constraints import broken_rule
from search.candidates.evaluator import CANDIDATE_FAILURES, Evaluator
from search.candidates.extremes import Extreme, Extremes
from search.candidates.feasibility import cheap_constraints, total_violation
from search.candidates.remedies import remedies
from search.config import SearchConfig

HOPELESS = 1.5
"""Where the cheapest designs take so many times a bound, no other is taken to keep it."""
MAX_SECONDS = 20.0
"""For the cheapest designs; another is timed only before that."""
_MEASURED = ("latency_ms", "peak_memory_mib")
_COSTS = ("macs", "activation_mib", "params")


@dataclass(frozen=True)
class Outlook:
    """Which bounds nothing is likely to keep."""

    unlikely: tuple[str, ...]
    """Each in a sentence, with the nearest value and what would help."""
    is_hopeless: bool
    """Whether no design can plausibly keep one of them."""


def measured_bounds(config: SearchConfig) -> tuple[Bound, ...]:
    """The largest values allowed of the costs that are measured before a training."""
    return tuple(
        Bound(name, "<=", bounds.max)
        for name, bounds in config.constraints.items()
        if name in _MEASURED and bounds.max is not None
    )


def quality_bounds(config: SearchConfig, baseline: TrialRecord) -> Iterator[str]:
    """What is known beforehand of each least value of a quality: that of the baseline."""
    for name, bounds in config.constraints.items():
        if OBJECTIVES[name].direction == "maximise" and bounds.min is not None:
            bound = Bound(name, ">=", bounds.min)
            yield (
                f"{bound}: bicubic has {getattr(baseline, name):,.4g}; whether a network keeps it "
                "shows only after its training"
            )


def measure_cheapest(
    config: SearchConfig, evaluator: Evaluator, listener: Listener
) -> tuple[TrialRecord, ...]:
    """The records of the cheapest designs, measured one after the other until one keeps the bounds.

    Empty where there is no such bound, or only trained weights tell what a design costs.
    """
    bounds = measured_bounds(config)
    if not bounds or config.target.precision == INT8:
        return ()
    began = time.perf_counter()
    measured: list[TrialRecord] = []
    for design in _cheapest(config):
        if time.perf_counter() - began >= MAX_SECONDS:
            break
        listener.status(f"measuring {design.record.arch_id}, one of the cheapest designs")
        try:
            record = evaluator.measure(design.candidate).in_record(design.record)
        except CANDIDATE_FAILURES:  # what it costs in a trial as well, where the reason is told
            continue
        measured.append(record)
        if all(bound.is_kept(record) or bound.is_crossed(record) for bound in bounds):
            break
    return tuple(measured)


def outlook(
    config: SearchConfig, cheapest: Sequence[TrialRecord], baseline: TrialRecord | None
) -> Outlook:
    """What is to be expected, from the records of the cheapest designs."""
    unkept = [
        it for it in unkept_bounds(cheapest, baseline, measured_bounds(config)) if it.is_clear
    ]
    sentences = tuple(_in_words(config, it, len(cheapest)) for it in unkept)
    known = {record.family for record in cheapest}
    is_known = len(config.precisions) == 1 and known == {it.family for it in config.space.families}
    return Outlook(sentences, is_known and any(it.excess > HOPELESS for it in unkept))


def why_none_kept(
    config: SearchConfig,
    records: Sequence[TrialRecord],
    cheapest: Sequence[TrialRecord],
    baseline: TrialRecord | None,
) -> str | None:
    """What to say of a search that has ended without a network that keeps every bound, or None."""
    if any(record.state == "trained" for record in records):
        return None
    known = [*(it for it in records if it.state == "infeasible"), *cheapest]
    allowed = {name: (bounds.min, bounds.max) for name, bounds in config.constraints.items()}
    for unkept in unkept_bounds(known, baseline, bounds_of(allowed)):
        return f"{unkept}{remedies(config, unkept)}"
    if any(broken_rule(config.constraints, it) for it in records if it.state == "infeasible"):
        return (
            f"none of {len(records)} trials kept every constraint, though each constraint is kept "
            "by some: raise one of them, or widen the space"
        )
    if records:
        return f"none of {len(records)} trials was trained, the last because: {records[-1].reason}"
    return "no trial has ended: the budget was spent on preparing; raise budget.minutes"


def _cheapest(config: SearchConfig) -> Iterator[Extreme]:
    """Different designs, the families in turn, each found only when it is asked for."""
    costing = Costing(config.target, config.seed)
    broken = total_violation(cheap_constraints(config.constraints_before_training))
    ends = {
        family.family: Extremes(family, config.scale, costing)
        for family in config.space.families
        if not family.typical(config.scale).is_input_adaptive
    }
    seen: set[str] = set()
    for cost in _COSTS:
        for extremes in ends.values():
            design = extremes.least(partial(_rank, broken, cost))
            is_timed = not design.candidate.config.is_input_adaptive  # without trained weights
            is_new = design.record.arch_id not in seen
            if is_timed and is_new and broken(design.record) <= 0:
                seen.add(design.record.arch_id)
                yield design


def _rank(broken: Callable[[TrialRecord], float], cost: str, record: TrialRecord) -> Any:
    return broken(record), getattr(record, cost)


def _in_words(config: SearchConfig, unkept: UnkeptBound, count: int) -> str:
    return (
        f"no network is likely to keep {unkept.bound}: of the {count} cheapest designs the nearest "
        f"has {unkept.in_words()}{remedies(config, unkept)}"
    )
