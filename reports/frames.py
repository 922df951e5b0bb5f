"""Rows as data frames: typed columns, and one for each hyperparameter of the networks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from reports.columns import Column

CONFIG_PREFIX = "config."
# Int64 is the integer that can be missing.
_DTYPES = {int: "Int64", float: "float64", str: "str"}
# What a network is built from; both are columns of their own.
_KNOWN = frozenset({"config.family", "config.scale"})


class Row(Protocol):
    """A dataclass with columns, and the configuration of its network."""

    @property
    def config(self) -> Mapping[str, object] | None: ...


def dtypes_of(columns: Sequence[Column]) -> dict[str, str]:
    """The pandas type of each column by its name; all of them can miss values."""
    return {column.name: _DTYPES[column.kind] for column in columns}


def typed_frame(rows: Sequence[Row], columns: Sequence[Column]) -> pd.DataFrame:
    """A tidy table: the columns, then `config.NAME` for each hyperparameter of any network.

    Parts of parts are named with further points: `config.branches.0.channels`. The order of the
    hyperparameters is that of their names.
    """
    values = {
        name: pd.Series([getattr(row, name) for row in rows], dtype=dtype)
        for name, dtype in dtypes_of(columns).items()
    }
    configs = [dict(_leaves(row.config or {}, "config")) for row in rows]
    names = sorted({name for config in configs for name in config} - _KNOWN)
    hyperparameters = {name: _column([config.get(name) for config in configs]) for name in names}
    return pd.DataFrame({**values, **hyperparameters})


def _column(values: Sequence[object]) -> "pd.Series[Any]":
    """Whole numbers stay whole where some are missing; what is of several kinds becomes text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return pd.Series(values, dtype="Int64")
    if kinds and kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    texts = [None if value is None else str(value) for value in values]
    return pd.Series(texts, dtype="str")


def _leaves(value: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        parts = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        parts = [(str(place), part) for place, part in enumerate(value)]
    else:
        yield name, value
        return
    for key, part in parts:
        yield from _leaves(part, f"{name}.{key}")
