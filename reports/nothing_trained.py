"""What to say of a run in which no network was trained."""

from collections.abc import Sequence

from reports.records import TrialRecord
from reports.run_settings import RunSettings


def why_nothing_trained(records: Sequence[TrialRecord], settings: RunSettings) -> str | None:
    """The bound that no trial kept, with the value nearest to it; None if a network was trained."""
    if any(record.state == "trained" and not record.is_baseline for record in records):
        return None
    baseline = next((record for record in records if record.is_baseline), None)
    rejected = [record for record in records if record.state == "infeasible"]
    for name, (least, most) in settings.bounds.items():
        values = [value for record in rejected if (value := getattr(record, name)) is not None]
        bicubic = None if baseline is None else getattr(baseline, name)
        beside = "" if bicubic is None else f", bicubic {bicubic:,.4g}"
        if values and most is not None and min(values) > most:
            return f"none kept {name} <= {most:,.6g}: the nearest had {min(values):,.4g}{beside}"
        if values and least is not None and max(values) < least:
            return f"none kept {name} >= {least:,.6g}: the nearest had {max(values):,.4g}{beside}"
    if rejected:
        return f"none of {len(rejected)} trials kept every constraint"
    return "no trained trial yet"
