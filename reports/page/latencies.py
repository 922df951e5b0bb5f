"""Latency as measured, as predicted, and as the MACs promise."""

from collections.abc import Mapping, Sequence
from statistics import median

from reports.page.insights import Insights
from reports.records import TrialRecord


def predicted_latencies(
    records: Sequence[TrialRecord], insights: Insights | None
) -> dict[str, object] | None:
    """What was predicted of networks that were measured too; None where nothing was.

    Holds `points` of a trial, its `predicted_ms`, `low_ms` and `high_ms`, the `coverage` that the
    intervals promise, the share of measurements `inside` them, and the median of the relative
    errors.
    """
    measured = {
        record.trial: record.latency_ms
        for record in records
        if record.latency_ms is not None and record.source == "measured"
    }
    points, errors, inside = [], [], 0
    for it in insights.predictions if insights is not None else ():
        latency_ms = measured.get(it.trial)
        if not latency_ms:
            continue
        points.append(
            {
                "trial": it.trial,
                "predicted_ms": it.latency_ms,
                "low_ms": it.ci_low_ms,
                "high_ms": it.ci_high_ms,
            }
        )
        errors.append(abs(it.latency_ms / latency_ms - 1))
        inside += it.ci_low_ms <= latency_ms <= it.ci_high_ms
    if not points or insights is None:
        return None
    return {
        "points": points,
        "coverage": insights.coverage,
        "inside": inside / len(points),
        "median_error": median(errors),
    }


def speedups(
    records: Sequence[TrialRecord], front: Sequence[TrialRecord]
) -> dict[str, object] | None:
    """How much faster networks are than one of the front, and how much by their MACs alone.

    The reference is the network of the front with the most MACs. None where fewer than two trained
    networks have both numbers. Holds the `reference` trial, `points` of a trial with its `nominal`
    and `realised` speed-up, and the median share of the nominal one that is realised by those with
    fewer MACs, where there are any.
    """
    known = [record for record in records if _has_both(record)]
    candidates = [record for record in front if _has_both(record)]
    if len(known) < 2 or not candidates:
        return None
    reference = max(candidates, key=lambda record: (record.macs or 0, record.latency_ms or 0.0))
    points: list[Mapping[str, float | int | None]] = []
    shares = []
    for record in known:
        nominal = (reference.macs or 0) / (record.macs or 1)
        realised = (reference.latency_ms or 0.0) / (record.latency_ms or 1.0)
        points.append({"trial": record.trial, "nominal": nominal, "realised": realised})
        if nominal > 1:
            shares.append(realised / nominal)
    return {
        "reference": reference.trial,
        "points": points,
        "median_share": median(shares) if shares else None,
    }


def _has_both(record: TrialRecord) -> bool:
    is_network = record.state == "trained" and not record.is_baseline
    return is_network and bool(record.macs) and bool(record.latency_ms)
