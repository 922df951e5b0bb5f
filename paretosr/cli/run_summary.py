"""How a run is shown once its tables and figures are written."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from paretosr.cli.output import write_json, write_line, write_note, write_table
from reports.block_kinds import bands, bands_table
from reports.nothing_trained import why_nothing_trained
from reports.pareto import front
from reports.records import COLUMNS, TrialRecord
from reports.run_report import run_hypervolume
from reports.tables import front_table
from search.report import RunReport


def write_run_summary(report: RunReport, *, as_json: bool) -> None:
    """Write the front, the paths of the files, and how long each part took."""
    rows = report.records if report.baseline is None else (report.baseline, *report.records)
    objectives = report.settings.objectives
    if report.paths is None:
        write_note("the run directory cannot be written to: no tables and figures were saved")
    paths = asdict(report.paths) if report.paths else {}
    files = {name: str(path) for name, path in paths.items() if path is not None}
    volume = run_hypervolume(rows, report.settings)
    if as_json:
        chosen = [_columns(record) for record in front(rows, objectives)]
        write_json(
            {
                "objectives": objectives,
                "trials": len(report.records),
                "front": chosen,
                "hypervolume": asdict(volume) if volume else None,
                "bicubic": _columns(report.baseline) if report.baseline else None,
                "files": files,
                "seconds": dict(report.seconds),
            }
        )
        return
    write_table(front_table(rows, objectives))
    if found := bands(report.records):
        write_table(bands_table(found))
    why = why_nothing_trained(rows, report.settings)
    if report.records and why is not None:
        write_line(why)
    if volume is not None:
        write_line(str(volume))
    write_line(f"{_counts(report.records)}; time: {_durations(report.seconds)}")
    for path in files.values():
        write_line(path)


def _columns(record: TrialRecord) -> dict[str, Any]:
    return {column.name: getattr(record, column.name) for column in COLUMNS}


def _counts(records: tuple[TrialRecord, ...]) -> str:
    states = [record.state for record in records]
    counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return f"{len(records)} trials ({counted})" if records else "no trial has ended yet"


def _durations(seconds: Mapping[str, float]) -> str:
    return ", ".join(f"{part} {spent:.1f} s" for part, spent in seconds.items())
