"""What was asked of a run, and how its numbers came about, in words; without torch."""

from collections.abc import Iterator, Mapping
from typing import Any

from reports.columns import Column
from reports.page.document import Fact, RunFacts
from reports.records import COLUMNS, OBJECTIVES
from search.listening import TRAININGS
from search.report import run_settings

_COLUMNS: Mapping[str, Column] = {column.name: column for column in COLUMNS}
_NAMES = {
    "cpu_model": "processor",
    "gpu_model": "GPU",
    "cpu_cores": "cores",
    "cpu_cores_usable": "usable cores",
    "cpu_instruction_sets": "instruction sets",
    "memory_mib": "memory (MiB)",
    "os": "operating system",
    "torch_threads": "threads of PyTorch",
}


def run_facts(settings: Mapping[str, Any]) -> RunFacts:
    """The facts in what run.yaml holds.

    Raises:
        ValueError: a part of it is missing or malformed.
    """
    run_settings(settings)  # which names what is wrong
    return RunFacts(tuple(_asked(settings)), tuple(_provenance(settings)))


def _asked(settings: Mapping[str, Any]) -> Iterator[Fact]:
    config, known = settings["config"], run_settings(settings)
    yield Fact("enlargement", f"x{known.scale}")
    families = config.get("families")
    if isinstance(families, Mapping):
        yield Fact("families", ", ".join(map(str, families)))
    yield Fact("objectives", ", ".join(map(_objective, known.objectives)))
    for name, (least, most) in known.bounds.items():
        label = _COLUMNS[name].label if name in _COLUMNS else name
        ends = (("at least", least), ("at most", most))
        between = [f"{side} {limit:,.15g}" for side, limit in ends if limit is not None]
        yield Fact("bound", f"{label} {' and '.join(between)}")
    yield Fact("target", str(known.target))
    yield Fact("training", f"{known.train_steps:,} steps of the {known.recipe} recipe")
    yield Fact("photographs", f"{known.training_data}; validated on {known.validation_data}")
    yield from _budget(config.get("budget"), has_rungs=isinstance(config.get("ladder"), Mapping))
    yield Fact("sampler", f"{known.sampler}, seed {known.seed}")


def _objective(name: str) -> str:
    found = OBJECTIVES.get(name)
    if found is None:
        return name
    return f"{'least' if found.direction == 'minimise' else 'highest'} {found.label}"


def _budget(budget: object, *, has_rungs: bool) -> Iterator[Fact]:
    if not isinstance(budget, Mapping):
        return
    parts = []
    if budget.get("trials") is not None:
        what = TRAININGS if has_rungs else "trained candidates"
        parts.append(f"{budget['trials']} {what}")
    if budget.get("minutes") is not None:
        parts.append(f"{budget['minutes']:g} minutes")
    if parts:
        yield Fact("budget", ", or ".join(parts))


def _provenance(settings: Mapping[str, Any]) -> Iterator[Fact]:
    for key, label in (("created", "began"), ("workers", "workers"), ("teacher", "teacher")):
        if settings.get(key) is not None:
            yield Fact(label, str(settings[key]))
    calibration = settings.get("calibration")
    if isinstance(calibration, Mapping):
        told = ", ".join(f"{_words(key)} {_value(value)}" for key, value in calibration.items())
        yield Fact("reference time", told)
    precision = settings.get("precision")
    if isinstance(precision, Mapping):
        told = ", ".join(f"{family} in {name}" for family, name in precision.items())
        yield Fact("trained", told)
    trained_on, measured_on = settings.get("device"), settings.get("target_device")
    for place, device in (("trained on", trained_on), ("measured on", measured_on)):
        if isinstance(device, Mapping):
            told = "; ".join(f"{_words(key)} {value}" for key, value in device.items())
            yield Fact(place, told)


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _words(key: object) -> str:
    return _NAMES.get(str(key), str(key).removesuffix("_version").replace("_", " "))
