"""Rows as tables, with a column for each hyperparameter."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from reports.columns import ArchId, Macs, columns_of
from reports.frames import typed_frame


@dataclass(frozen=True)
class Row:
    arch_id: ArchId
    macs: Macs | None = None
    config: Any = None


def test_each_hyperparameter_has_a_column() -> None:
    branches = [{"channels": 8}, {"channels": 16, "bias": True}]
    rows = [
        Row("a", 5, {"family": "splitsr", "scale": 2, "channels": 8, "ratio": 0.5}),
        Row("b", None, {"family": "classsr", "scale": 2, "branches": branches, "ratio": 1}),
        Row("c"),
    ]
    table = typed_frame(rows, columns_of(Row))
    assert list(table.columns) == [
        "arch_id", "macs", "config.branches.0.channels", "config.branches.1.bias",
        "config.branches.1.channels", "config.channels", "config.ratio",
    ]  # fmt: skip
    assert table["macs"].tolist() == [5, pd.NA, pd.NA]
    # Whole numbers stay whole where others are missing.
    assert table["config.channels"].astype("object").tolist() == [8, pd.NA, pd.NA]
    assert table["config.ratio"].tolist()[:2] == [0.5, 1.0]
    assert table["config.branches.1.bias"].tolist()[1] is True


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ((1, 2), "Int64"),
        ((1, 2.5), "float64"),
        ((True, False), "boolean"),
        (("a", None), "str"),
        ((1, "a"), "str"),
        ((True, 2), "str"),
        ((None, None), "str"),
    ],
)
def test_the_type_of_a_hyperparameter(values: tuple[object, ...], dtype: str) -> None:
    rows = [Row("a", None, {"it": value}) for value in values]
    assert typed_frame(rows, columns_of(Row))["config.it"].dtype == dtype


def test_no_rows_are_a_table_with_the_columns() -> None:
    assert list(typed_frame([], columns_of(Row)).columns) == ["arch_id", "macs"]
