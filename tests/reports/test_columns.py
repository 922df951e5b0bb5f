"""Columns are read off the fields of a dataclass, and check what stands in them."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from reports.columns import Column, Meaning, check_row, columns_of, row_values

Length = Annotated[float, Meaning("length (m)", "minimise", cheap=True)]
Colour = Annotated[Literal["red", "blue"], Meaning("colour")]


@dataclass
class Ribbon:
    colour: Colour
    length_m: Length | None = None
    count: Annotated[int, Meaning("ribbons")] = 1
    remark: str = "no column"


def test_a_column_is_named_after_its_field_and_typed_by_it() -> None:
    assert columns_of(Ribbon) == (
        Column("colour", Meaning("colour"), str, optional=False, choices=("red", "blue")),
        Column("length_m", Meaning("length (m)", "minimise", True), float, optional=True),
        Column("count", Meaning("ribbons"), int, optional=False),
    )
    length = columns_of(Ribbon)[1]
    assert (length.label, length.direction, length.cheap) == ("length (m)", "minimise", True)


def test_the_values_of_a_row_are_those_of_its_columns() -> None:
    assert row_values(Ribbon("red", 2.5)) == {"colour": "red", "length_m": 2.5, "count": 1}


def test_an_integer_is_a_number_and_none_is_not_known() -> None:
    check_row(Ribbon("blue", 2))
    check_row(Ribbon("blue", None))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (Ribbon("green"), "colour must be one of red, blue, got 'green'"),  # type: ignore[arg-type]
        (Ribbon("red", math.nan), "length_m must be finite, got nan"),
        (Ribbon("red", "2"), "length_m must be float or None, got '2'"),  # type: ignore[arg-type]
        (Ribbon("red", count=None), "count must be int, got None"),  # type: ignore[arg-type]
        (Ribbon("red", count=True), "count must be int, got True"),
    ],
)
def test_a_wrong_value_is_refused_by_name(row: Ribbon, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_row(row)
