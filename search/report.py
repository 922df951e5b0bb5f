"""What run.yaml and the journal say of a run, for its tables and figures, without torch."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic

from reports.records import TrialRecord
from reports.run_settings import RunSettings

REPLAYED = "replayed_from"
"""The key in run.yaml of the table that a replay looked its numbers up in."""


def run_settings(settings: Mapping[str, Any]) -> RunSettings:
    """What run.yaml says of how the numbers of its run came about.

    Raises:
        ValueError: a part of it is missing or malformed.
    """
    try:
        config, target = settings["config"], settings["target"]
        replayed = settings.get(REPLAYED) and f"replayed from {settings[REPLAYED]}"
        fields = {
            "scale": config["scale"],
            "objectives": config["objectives"],
            "training_data": replayed or config["data"]["training"],
            "validation_data": replayed or config["data"]["validation"],
            "train_steps": settings["train_steps"],
            "recipe": _recipe_in_words(config["training"]["recipe"]),
            "sampler": config["sampler"],
            "seed": config["seed"],
            "target": _target_in_words(config["target"], config.get("precision") or ()),
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


def _target_in_words(target: str | list[str], precisions: Sequence[str]) -> str:
    """The only target, with all precisions of its programs; or what several are to the figures."""
    if not isinstance(target, str):
        return f"the cheapest of {', '.join(target)}"
    if len(precisions) < 2:
        return target
    return re.sub(r"precision=\w+", f"precision={'|'.join(precisions)}", target)


def _recipe_in_words(recipe: str | Mapping[str, Any]) -> str:
    """Its name and what was set of it, as run.yaml has them."""
    if isinstance(recipe, str):
        return recipe
    changes = ", ".join(f"{field} {value}" for field, value in recipe.items() if field != "name")
    return f"{recipe['name']} ({changes})"


def phase_seconds(records: tuple[TrialRecord, ...]) -> dict[str, float]:
    """Seconds spent training, validating, measuring, proposing, and on everything else.

    Several workers train and validate at a time: these seconds are then more than have passed.
    """
    phases = {
        "training": sum(record.train_seconds or 0.0 for record in records),
        "validation": sum(record.validation_seconds for record in records),
        "measuring": sum(record.measure_seconds for record in records),
        "proposing": sum(record.propose_seconds for record in records),
    }
    total = sum(record.wall_seconds for record in records)
    return {**phases, "other": max(0.0, total - sum(phases.values()))}


def course_in_words(records: tuple[TrialRecord, ...], seconds: Mapping[str, float]) -> str:
    """How many trials ended in which state, and the seconds of each kind of work."""
    states = [record.state for record in records]
    counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    trials = f"{len(records)} trials ({counted})" if records else "no trial has ended yet"
    durations = ", ".join(f"{part} {spent:.1f} s" for part, spent in seconds.items())
    passed = sum(record.wall_seconds for record in records) + seconds["preparation"]
    if sum(seconds.values()) > passed + 0.05:  # not a mere matter of rounding
        durations += f", side by side in {passed:.1f} s"
    return f"{trials}; time: {durations}"
