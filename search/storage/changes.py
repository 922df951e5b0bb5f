"""What may change when a search goes on, and finding out what else has changed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from search.config import DataConfig, SearchConfig, parse_search_config
from search.ladder.choice import NO_LADDER
from search.sampler import population_size

_ABSENT = object()
_WITHOUT_EFFECT = ("created", "device")
"""Of what run.yaml holds: when and where the run began."""
_RAY_ADDRESS = "config.workers.ray"
"""Of what run.yaml holds: which cluster trains, which may be another one tomorrow."""


@dataclass(frozen=True)
class Changes:
    """What is changed of a run that goes on; None leaves what it has."""

    trials: int | None = None
    minutes: float | None = None
    training: str | None = None
    """Where the training images are now."""
    validation: str | None = None
    workers: int | None = None

    def applied(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a run with the changes in its config."""
        config = settings["config"]
        budget, data = config["budget"], config.get("data", {})
        folders = DataConfig.model_validate(
            _given(training=self.training, validation=self.validation)
        )
        return {
            # NSGA-II keeps the population that it began with, however long the search becomes.
            "population": population_size(budget.get("trials")),
            **settings,
            **_given(workers=self.workers),
            "config": {
                **config,
                "budget": {**budget, **_given(trials=self.trials, minutes=self.minutes)},
                "data": {**data, **folders.model_dump(exclude_unset=True)},
            },
        }

    def check(self, began: object, now: Mapping[str, Any], where: str) -> None:
        """Compare the settings that a run began with, and those it has now, but for the changes.

        Raises:
            ValueError: they differ; one line opens with `where` and names each difference.
        """
        changed = {
            "config.budget.trials": self.trials,
            "config.budget.minutes": self.minutes,
            "config.data.training": self.training,
            "config.data.validation": self.validation,
            "workers": self.workers,
        }
        found = [
            f"{key} {words}"
            for key, words in differences(began, now)
            if changed.get(key) is None and key != _RAY_ADDRESS
        ]
        if found:
            raise ValueError(
                f"{where} must be as the search left it, but {'; '.join(found)}: undo this, or "
                "start a new search (--trials and --minutes change the budget, --workers how many "
                "train at a time, --data and --validation say where the images are now)"
            )


UNCHANGED = Changes()


def config_in(settings: Mapping[str, Any], where: str) -> SearchConfig:
    """Return the config in the settings of a run; runs of earlier versions had no ladder.

    Raises:
        ValueError: there is none, or it is not valid.
    """
    config = settings.get("config")
    known = {"ladder": NO_LADDER, **config} if isinstance(config, Mapping) else config
    return parse_search_config(known, where)


def lasting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide what a run finds, as JSON brings them back."""
    kept = {key: value for key, value in settings.items() if key not in _WITHOUT_EFFECT}
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=str))
    return plain


def differences(began: object, now: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each key that differs, in mappings at any depth, with what it is and was in words."""
    if isinstance(began, Mapping) and isinstance(now, Mapping):
        for key in {**began, **now}:
            inner = f"{place}.{key}" if place else str(key)
            yield from differences(began.get(key, _ABSENT), now.get(key, _ABSENT), inner)
    elif now is _ABSENT:
        yield place, f"is missing, not {_in_words(began)}"
    elif began is _ABSENT:
        yield place, f"is {_in_words(now)}, not left out"
    elif began != now:
        yield place, f"is {_in_words(now)}, not {_in_words(began)}"


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _in_words(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
