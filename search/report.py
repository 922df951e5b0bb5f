"""The report of a run, rebuilt from its journal without torch."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic

from reports.records import TrialRecord
from reports.run_report import ReportPaths, RunSettings, write_report
from search.storage.study import read_run

_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True)
class RunReport:
    """A run's records with the files written from them."""

    settings: RunSettings
    baseline: TrialRecord | None
    records: tuple[TrialRecord, ...]
    paths: ReportPaths | None
    """None where the run directory is read-only."""
    seconds: Mapping[str, float]
    """How long each part took, summed over the trials of all sessions."""


def report_run(run_dir: Path) -> RunReport:
    """Write the tables and the figures of a run, also while the search goes on.

    A run directory in which nobody may write is reported on all the same.

    Raises:
        ValueError: not a run directory, or its journal is corrupt.
    """
    run = read_run(run_dir)
    settings = run_settings(run.settings)
    rows = run.records if run.baseline is None else (run.baseline, *run.records)
    try:
        paths = write_report(run_dir, rows, settings)
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise
        paths = None
    return RunReport(settings, run.baseline, run.records, paths, phase_seconds(run.records))


def run_settings(settings: Mapping[str, Any]) -> RunSettings:
    """What run.yaml says of how the numbers of its run came about.

    Raises:
        ValueError: a part of it is missing or malformed.
    """
    try:
        config, target = settings["config"], settings["target"]
        fields = {
            "scale": config["scale"],
            "objectives": config["objectives"],
            "training_data": config["data"]["training"],
            "validation_data": config["data"]["validation"],
            "train_steps": settings["train_steps"],
            "recipe": _recipe_in_words(config["training"]["recipe"]),
            "sampler": config["sampler"],
            "seed": config["seed"],
            "target": config["target"],
            "lr_height_px": target["lr_height_px"],
            "lr_width_px": target["lr_width_px"],
            "bounds": {
                name: (bounds.get("min"), bounds.get("max"))
                for name, bounds in config.get("constraints", {}).items()
            },
        }
        return pydantic.TypeAdapter(RunSettings).validate_python(fields)
    except (KeyError, TypeError, AttributeError) as error:
        wrong = f"{error} is missing or malformed"
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        wrong = f"{problem['loc'][0]} is {problem['input']!r}"
    raise ValueError(f"run.yaml must hold what `paretosr search` wrote, but {wrong}")


def _recipe_in_words(recipe: str | Mapping[str, Any]) -> str:
    """Its name and what was set of it, as run.yaml has them."""
    if isinstance(recipe, str):
        return recipe
    changes = ", ".join(f"{field} {value}" for field, value in recipe.items() if field != "name")
    return f"{recipe['name']} ({changes})"


def phase_seconds(records: tuple[TrialRecord, ...]) -> dict[str, float]:
    """Seconds spent training, validating, measuring, proposing, and on everything else."""
    phases = {
        "training": sum(record.train_seconds or 0.0 for record in records),
        "validation": sum(record.validation_seconds for record in records),
        "measuring": sum(record.measure_seconds for record in records),
        "proposing": sum(record.propose_seconds for record in records),
    }
    total = sum(record.wall_seconds for record in records)
    return {**phases, "other": max(0.0, total - sum(phases.values()))}
