"""What the page of a run says besides its trials: the document that is report.json too."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import chain, zip_longest
from pathlib import Path

from reports.figures.fronts import axes_of
from reports.ladder import Comparison, LadderFacts
from reports.nothing_trained import bounds_of, why_nothing_trained
from reports.page.designs import designs
from reports.page.history import history
from reports.page.insights import Insights, read_curves, read_families, read_insights
from reports.page.latencies import predicted_latencies, speedups
from reports.page.picked import Picked, picked
from reports.pareto import front
from reports.records import OBJECTIVES, TrialRecord, objective
from reports.run_report import run_hypervolume
from reports.run_settings import RunSettings
from reports.tables import front_rows

FORMAT = 1
_EXAMPLES = 5
"""So many trials are named of those that ended for one reason."""

_NUMBER = re.compile(r"(?<![\w.-])[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w-])")

Document = Mapping[str, object]


@dataclass(frozen=True)
class Fact:
    """One line of what was asked, or of how the numbers came about."""

    label: str
    text: str


@dataclass(frozen=True)
class RunFacts:
    """What run.yaml says of a run in words."""

    asked: tuple[Fact, ...] = ()
    provenance: tuple[Fact, ...] = ()


def run_document(
    run_dir: Path,
    records: Sequence[TrialRecord],
    settings: RunSettings,
    facts: RunFacts,
    ladder: LadderFacts | None = None,
) -> Document:
    """Everything that the page says of a run, as plain values for JSON; trials by their number.

    `records` are those of the trials and of bicubic, if it is known.

    Raises:
        ValueError: an unknown objective, or a file of the run is not what a search writes.
    """
    insights = read_insights(run_dir)
    trials = [record for record in records if not record.is_baseline]
    found = front(records, settings.objectives)
    pick = picked(run_dir, records, settings)
    x, y = axes_of(settings.objectives)
    return {
        "format": FORMAT,
        "name": run_dir.resolve().name,
        "scale": settings.scale,
        "axes": {"x": x, "y": y},
        "columns": [
            {"name": it.name, "label": it.label, "direction": it.direction}
            for it in OBJECTIVES.values()
            if any(getattr(record, it.name) is not None for record in trials)
        ],
        "objectives": list(settings.objectives),
        "bounds": {
            name: {"min": least, "max": most} for name, (least, most) in settings.bounds.items()
        },
        "train_steps": settings.train_steps,
        "asked": [asdict(fact) for fact in facts.asked],
        "counts": _counts(trials, found),
        "seconds": sum(record.wall_seconds for record in trials),
        "why_nothing": why_nothing_trained(records, settings),
        "pick": _pick(pick, records),
        "front": [
            {"trial": row.record.trial, "gain_db": row.gain_db, "note": row.note}
            for row in front_rows(records, settings.objectives, bounds_of(settings.bounds))
        ],
        "hypervolume": _hypervolume(records, settings),
        "families": read_families(run_dir),
        "estimation": None if ladder is None else _estimation(ladder),
        "designs": designs(trials),
        "importance": [it.model_dump() for it in insights.importance] if insights else None,
        "curves": [
            {
                "trial": trial,
                "steps": [it[0] for it in points],
                "psnr_y_db": [it[1] for it in points],
            }
            for trial, points in read_curves(run_dir).items()
        ],
        "predicted": predicted_latencies(trials, insights),
        "speedups": speedups(trials, found),
        "ledger": _ledger(insights, pick),
        "strips": [it.model_dump() for it in insights.strips] if insights else [],
        "has_insights": insights is not None,
        "reasons": _reasons(trials),
        "provenance": [asdict(fact) for fact in facts.provenance],
    }


def _counts(trials: Sequence[TrialRecord], found: Sequence[TrialRecord]) -> dict[str, object]:
    states = Counter(str(record.state) for record in trials)
    return {
        "trials": len(trials),
        "front": sum(not record.is_baseline for record in found),
        "states": dict(states.most_common()),
    }


def _pick(pick: Picked | None, records: Sequence[TrialRecord]) -> dict[str, object] | None:
    if pick is None:
        return None
    baseline = next((record for record in records if record.is_baseline), None)
    psnr_db = pick.chosen.psnr_y_db
    bicubic_db = None if baseline is None else baseline.psnr_y_db
    return {
        "selector": pick.selector,
        "trial": pick.chosen.trial,
        "runner_up": None if pick.runner_up is None else pick.runner_up.trial,
        "gain_db": None if psnr_db is None or bicubic_db is None else psnr_db - bicubic_db,
        "why": list(pick.why),
    }


def _hypervolume(records: Sequence[TrialRecord], settings: RunSettings) -> dict[str, object] | None:
    volume = run_hypervolume(records, settings)
    if volume is None:
        return None
    course = history(records, settings.objectives, volume.reference)
    return {
        "volume": volume.volume,
        "reference": [
            {
                "name": name,
                "side": "below" if objective(name).direction == "minimise" else "above",
                "value": value,
            }
            for name, value in volume.reference.items()
        ],
        "trials": list(course.trials),
        "seconds": list(course.seconds),
        "volumes": list(course.volumes),
    }


def _estimation(ladder: LadderFacts) -> dict[str, object]:
    """How the search estimated, against structure alone: in numbers and in a sentence."""
    compared = {it.name: getattr(ladder.judged, it.name) for it in fields(Comparison)}
    return {**compared, "sentence": str(ladder)}


def _ledger(insights: Insights | None, pick: Picked | None) -> dict[str, object] | None:
    """Of the pick; with each row's share of all MACs."""
    ledgers = {it.trial: it for it in insights.ledgers} if insights is not None else {}
    ledger = None if pick is None else ledgers.get(pick.chosen.trial or 0)
    if ledger is None:
        return None
    total = sum(row.macs for row in ledger.operators)
    return {
        "trial": ledger.trial,
        **{
            kind: [{**row.model_dump(), "share": row.macs / total} for row in rows]
            for kind, rows in (("operators", ledger.operators), ("parts", ledger.parts))
        },
    }


def _reasons(trials: Sequence[TrialRecord]) -> list[dict[str, object]]:
    """Why trials ended without a result, the most frequent reason first."""
    ends: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for record in trials:
        if record.state not in ("trained", "proposed", "duplicate") and record.trial is not None:
            reason = record.reason or "no reason known"
            kind = (str(record.state), _NUMBER.sub("", reason))
            ends.setdefault(kind, []).append((record.trial, reason))
    return [
        {
            "state": state,
            "reason": _in_common([reason for _, reason in found]),
            "count": len(found),
            "trials": [trial for trial, _ in found[:_EXAMPLES]],
        }
        for (state, _), found in sorted(ends.items(), key=lambda item: (-len(item[1]), item[1]))
    ]


def _in_common(reasons: Sequence[str]) -> str:
    """Reasons that differ in their numbers alone as one, with dots for those numbers."""
    first, *_ = (_NUMBER.split(reason) for reason in reasons)
    numbers = zip(*(_NUMBER.findall(reason) for reason in reasons), strict=True)
    shown = ["..." if len(set(found)) > 1 else found[0] for found in numbers]
    return "".join(chain.from_iterable(zip_longest(first, shown, fillvalue="")))
