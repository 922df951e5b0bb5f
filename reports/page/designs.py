"""The hyperparameters of the trained networks, as axes to be drawn beside one another."""

import json
from collections.abc import Mapping, Sequence

from reports.records import TrialRecord

_NO_HYPERPARAMETERS = frozenset({"family", "scale"})
_LONGEST_VALUE = 28
"""So many characters of a list are shown on an axis."""

Value = bool | int | float | str


def designs(records: Sequence[TrialRecord]) -> list[dict[str, object]]:
    """For each family the hyperparameters in which its trained networks differ.

    An item holds the `family`, the `names`, and `rows` of a trial and its values in this order. A
    family whose networks are all alike is left out.
    """
    found = []
    families: dict[str, list[TrialRecord]] = {}
    for record in records:
        if record.state == "trained" and record.config is not None and record.trial is not None:
            families.setdefault(record.family, []).append(record)
    for family, members in sorted(families.items()):
        configs = [_values(record.config or {}) for record in members]
        names = [name for name in configs[0] if len({config.get(name) for config in configs}) > 1]
        names = [name for name in names if all(name in config for config in configs)]
        if names:
            rows = [
                {"trial": record.trial, "values": [config[name] for name in names]}
                for record, config in zip(members, configs, strict=True)
            ]
            found.append({"family": family, "names": names, "rows": rows})
    return sorted(found, key=lambda item: -len(item["rows"]))  # type: ignore[arg-type]


def _values(config: Mapping[str, object]) -> dict[str, Value]:
    """The fields of a config that fit on an axis; a list does as its text, if it is short."""
    values: dict[str, Value] = {}
    for name, value in config.items():
        if name in _NO_HYPERPARAMETERS:
            continue
        if isinstance(value, bool):
            values[name] = "yes" if value else "no"
        elif isinstance(value, int | float | str):
            values[name] = value
        elif value is None:
            values[name] = "none"
        else:
            text = json.dumps(value)
            if len(text) <= _LONGEST_VALUE:
                values[name] = text
    return values
