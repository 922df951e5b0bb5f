"""A trial of the study that has not ended."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from optuna.trial import Trial

from reports.records import TrialRecord
from search.storage.journal import RECORD_KEY

Value = bool | int | float | str


class Proposal:
    """A trial of the study, which gives a value for each parameter that is asked for."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    @property
    def number(self) -> int:
        return self.trial.number

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Value:
        return cast(Value, self.trial.suggest_categorical(name, choices))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        return self.trial.suggest_int(name, low, high, step=step)

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What is kept in the trial."""
        return self.trial.user_attrs

    def keep(self, key: str, value: Any) -> None:
        """Keep an attribute in the trial, in one line of the journal."""
        self.trial.set_user_attr(key, value)

    def stored_record(self) -> TrialRecord | None:
        """The record of a trial whose telling was cut short."""
        data = self.trial.user_attrs.get(RECORD_KEY)
        return TrialRecord.from_json(data) if data is not None else None

    def store(self, record: TrialRecord, violations: Mapping[str, float]) -> None:
        """Write what is told below into the trial, except what is there already."""
        if RECORD_KEY not in self.trial.user_attrs:
            self.trial.set_user_attr(RECORD_KEY, record.to_json())
        for name in violations.keys() - self.trial.constraints.keys():
            self.trial.set_constraint(name, violations[name])
