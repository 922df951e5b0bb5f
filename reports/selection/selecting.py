"""The trained network that a selector asks for, and why it is that one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from foundation import nearest
from reports.pareto import front, oriented
from reports.records import TrialRecord, objective
from reports.selection.bounds import NUMBERS, Bound, described, interval, parse_bounds
from reports.selection.knee import knee_distances
from reports.ties import psnr_std_db, tie_threshold_db

KNEE = "knee"
QUALITY = "psnr_y_db"
_FALLBACK_COST = "macs"
_COMPARES = re.compile(r"[<>=]")


@dataclass(frozen=True)
class Selection:
    """The network that answers a selector, and why it does."""

    selector: str
    by: str
    """The column that decides between networks."""
    cost: str
    """The column by which one network is cheaper than another."""
    chosen: TrialRecord
    why: tuple[str, ...]
    """In sentences, the deciding one first."""
    runner_up: TrialRecord | None = None
    """The best of the others; None where there is no other."""
    uncertain: tuple[TrialRecord, ...] = ()
    """Those of which the interval of a bounded column crosses its bound."""
    bounded: tuple[str, ...] = ()
    """The columns of the bounds."""


def select(
    records: Sequence[TrialRecord],
    objectives: Sequence[str],
    selector: str,
    by: str = QUALITY,
) -> Selection:
    """The trained network that `selector` asks for, with the runner-up and the reasons.

    `selector` is "knee", the number of a trial, the id of an architecture, or bounds on columns,
    such as "latency_ms<=15 and macs<=2e9". Of those that keep the bounds the one that is best in
    column `by` is chosen; one that keeps them with its whole interval comes before one that does
    not. Where a cheaper one ties in PSNR, within the noise between seeds, that one is chosen,
    unless the other was asked for by name.

    Raises:
        ValueError: the selector means nothing, `by` is no objective, or no trained network is what
            is asked for; the message names the nearest.
    """
    baseline = next((record for record in records if record.is_baseline), None)
    selection = _selected(records, baseline, objectives, selector.strip(), by)
    return replace(selection, why=(*selection.why, *_doubts(selection, baseline)))


def _selected(
    records: Sequence[TrialRecord],
    baseline: TrialRecord | None,
    objectives: Sequence[str],
    selector: str,
    by: str,
) -> Selection:
    is_bounded = _COMPARES.search(selector) is not None
    bounds = parse_bounds(selector) if is_bounded else ()
    if selector == KNEE and objective(by).direction != "maximise":
        raise ValueError(f"the knee lies between a cost and a quality, but {by} is a cost")
    networks = [record for record in records if record.state == "trained"]
    networks = [record for record in networks if not record.is_baseline]
    if not networks:
        raise ValueError("there must be a trained network to pick, but there is none yet")
    cost = _cost_column(bounds, objectives, by)
    if not is_bounded and selector != KNEE:
        return _named(records, networks, selector, by, cost)
    _check_known(networks, [by])
    networks = [record for record in networks if getattr(record, by) is not None]
    _check_known(networks, [bound.column for bound in bounds])
    if selector == KNEE:
        return _at_the_knee(networks, by, cost)
    return _within(networks, baseline, bounds, selector, by, cost)


def _doubts(selection: Selection, baseline: TrialRecord | None) -> Iterator[str]:
    """What speaks against the choice."""
    chosen, other, by = selection.chosen, selection.runner_up, selection.by
    own, its = interval(chosen, by), None if other is None else interval(other, by)
    if other is not None and own is not None and its is not None and its[0] <= own[1]:
        yield f"{_name(other)} may have as little {by}: the intervals of both overlap"
    if baseline is None or baseline.psnr_y_db is None or chosen.psnr_y_db is None:
        return
    if baseline.psnr_y_db >= chosen.psnr_y_db:
        yield (
            f"bicubic has no less PSNR, {baseline.psnr_y_db:.2f} dB: train {_name(chosen)} for "
            "longer or on more photographs before it is used"
        )


def is_selector(text: str) -> bool:
    """Whether `text` asks for a network by more than its name."""
    return text.strip() == KNEE or _COMPARES.search(text) is not None


def _cost_column(bounds: Sequence[Bound], objectives: Sequence[str], by: str) -> str:
    """By what networks are cheaper: by what is bounded, else by what the search minimised."""
    names = [*(bound.column for bound in bounds), *objectives, _FALLBACK_COST]
    costs = [name for name in names if NUMBERS[name].direction == "minimise" and name != by]
    return next(iter(costs), by)


def _ranked(records: Sequence[TrialRecord], by: str, cost: str) -> list[TrialRecord]:
    """The best in `by` first, of equal ones the cheapest."""
    keys = oriented(records, (by, cost))
    places = sorted(range(len(records)), key=lambda place: (*keys[place], records[place].arch_id))
    return [records[place] for place in places]


def _within(
    networks: Sequence[TrialRecord],
    baseline: TrialRecord | None,
    bounds: Sequence[Bound],
    selector: str,
    by: str,
    cost: str,
) -> Selection:
    in_words = " and ".join(map(str, bounds))
    keeping = [record for record in networks if all(bound.is_kept(record) for bound in bounds)]
    if not keeping:
        raise ValueError(_nearest_miss(networks, baseline, bounds, in_words))
    uncertain = [
        record
        for record in networks
        if all(bound.is_kept(record) or bound.is_crossed(record) for bound in bounds)
        and any(bound.is_crossed(record) for bound in bounds)
    ]
    safe = [record for record in keeping if record not in uncertain]
    ranked = _ranked(safe or keeping, by, cost)
    if len(keeping) == 1:
        why = [f"{_name(ranked[0])} alone of {len(networks)} trained networks keeps {in_words}"]
    else:
        most = "most" if objective(by).direction == "maximise" else "least"
        kept = "keep" if safe else "may keep"
        why = [
            f"{_name(ranked[0])} has the {most} {by} of the {len(ranked)} that {kept} {in_words}"
        ]
    if uncertain and safe:
        columns = [bound.column for bound in bounds]
        named = "; ".join(f"{_name(r)} with {described(r, columns)}" for r in uncertain)
        why.append(f"not recommended, for their interval crosses the bound: {named}")
    elif not safe:
        why.append(
            "its interval crosses the bound, as that of every other that may keep it: measure it "
            "again with paretosr profile"
        )
    selection = Selection(
        selector,
        by,
        cost,
        ranked[0],
        tuple(why),
        next(iter(ranked[1:]), None),
        tuple(uncertain),
        tuple(dict.fromkeys(bound.column for bound in bounds)),
    )
    return _preferring_cheaper(selection, ranked)


def _at_the_knee(networks: Sequence[TrialRecord], by: str, cost: str) -> Selection:
    points = front(networks, (by, cost))
    distances = knee_distances(oriented(points, (cost, by)))
    places = sorted(range(len(points)), key=lambda place: -distances[place])
    if places and distances[places[0]] > 0:
        ranked = [points[place] for place in places]
        why = f"{_name(ranked[0])} is the knee of the front of {len(points)} in {by} and {cost}"
    else:
        ranked = _ranked(networks, by, cost)
        why = (
            f"a front of {len(points)} in {by} and {cost} has no knee, so the most {by} decides: a "
            f"bound such as '{cost}<=NUMBER' asks for something else"
        )
    selection = Selection(KNEE, by, cost, ranked[0], (why,), next(iter(ranked[1:]), None))
    return _preferring_cheaper(selection, ranked)


def _named(
    records: Sequence[TrialRecord],
    networks: Sequence[TrialRecord],
    selector: str,
    by: str,
    cost: str,
) -> Selection:
    asked_for = [record for record in records if selector in (str(record.trial), record.arch_id)]
    asked_for = [record for record in asked_for if not record.is_baseline]
    trained = next((record for record in asked_for if record in networks), None)
    if trained is None and asked_for:
        state, reason = asked_for[0].state, asked_for[0].reason
        because = f", for {reason}" if reason else ""
        raise ValueError(f"a pick must be trained, but trial {selector} is {state}{because}")
    if trained is None:
        names = [KNEE, *(record.arch_id for record in networks)]
        raise ValueError(
            "a pick must be knee, the number of a trial, the id of an architecture, or bounds such "
            f"as 'latency_ms<=15', got {selector!r}{nearest(selector, names)}"
        )
    why = [f"{_name(trained)} was asked for"]
    cheaper = _cheapest_tie(trained, networks, cost)
    if cheaper is not None:
        why.append(f"{_name(cheaper)} may do as well: {_tie(trained, cheaper, cost)}")
    return Selection(selector, by, cost, trained, tuple(why), cheaper)


def _preferring_cheaper(selection: Selection, networks: Sequence[TrialRecord]) -> Selection:
    """The selection, or with the cheapest network that ties with its choice, if one does."""
    best, cost = selection.chosen, selection.cost
    cheaper = _cheapest_tie(best, networks, cost) if selection.by == QUALITY else None
    if cheaper is None:
        return selection
    why = f"{_name(cheaper)} is recommended instead: {_tie(best, cheaper, cost)}"
    return replace(selection, chosen=cheaper, runner_up=best, why=(*selection.why, why))


def _cheapest_tie(
    best: TrialRecord, networks: Sequence[TrialRecord], cost: str
) -> TrialRecord | None:
    """The cheapest of the networks that are cheaper and tie with `best` in PSNR."""
    price = getattr(best, cost)
    if price is None or best.psnr_y_db is None:
        return None
    tied = [
        record
        for record in networks
        if (other := getattr(record, cost)) is not None
        and other < price
        and record.psnr_y_db is not None
        and best.psnr_y_db - record.psnr_y_db <= _noise_db(best, record)
    ]
    return min(tied, key=lambda record: (getattr(record, cost), record.arch_id), default=None)


def _noise_db(first: TrialRecord, second: TrialRecord) -> float:
    return tie_threshold_db(psnr_std_db(first), psnr_std_db(second))


def _tie(best: TrialRecord, cheaper: TrialRecord, cost: str) -> str:
    assert best.psnr_y_db is not None and cheaper.psnr_y_db is not None  # they tie
    costs = f"it has {described(cheaper, [cost])} instead of {getattr(best, cost):,.4g}, and"
    gain_db = best.psnr_y_db - cheaper.psnr_y_db
    if gain_db <= 0:
        return f"{costs} no less PSNR"
    return (
        f"{costs} the {gain_db:.2f} dB that {_name(best)} has more are within the noise between "
        f"seeds, {_noise_db(best, cheaper):.2f} dB"
    )


def _name(record: TrialRecord) -> str:
    return f"trial {record.trial}"


def _check_known(networks: Sequence[TrialRecord], columns: Sequence[str]) -> None:
    """Check that each column is known of one network at least.

    Raises:
        ValueError: it is not.
    """
    measured = [
        name
        for name, column in NUMBERS.items()
        if column.direction is not None
        and any(getattr(record, name) is not None for record in networks)
    ]
    for name in columns:
        if all(getattr(record, name) is None for record in networks):
            raise ValueError(
                f"a pick must go by what the search measured, but {name} is known of no trained "
                f"network: choose from {', '.join(measured)}"
            )


def _nearest_miss(
    networks: Sequence[TrialRecord],
    baseline: TrialRecord | None,
    bounds: Sequence[Bound],
    in_words: str,
) -> str:
    """What to say where no network keeps all bounds: which comes nearest, and what bicubic has."""
    nearest_one = min(networks, key=lambda record: max(bound.miss(record) for bound in bounds))
    columns = list(dict.fromkeys(bound.column for bound in bounds))
    bicubic = "" if baseline is None else described(baseline, columns)
    beside = f"; bicubic has {bicubic}" if bicubic else ""
    return (
        f"none of {len(networks)} trained networks keeps {in_words}: the nearest is "
        f"{_name(nearest_one)} with {described(nearest_one, columns)}{beside}"
    )
