"""What benchmarks/compression.py says of what it found."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def workplace(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(FOLDER)
    return import_module("compression_workplace")


def rows(workplace: Any, kind: str, values: list[float]) -> list[Any]:
    return [
        workplace.Row(
            "part", "splitsr", kind, seed, 1000, 400, dict.fromkeys(workplace.SETS, value)
        )
        for seed, value in enumerate(values)
    ]


def test_a_gain_is_the_median_of_the_differences_at_equal_seeds(workplace: Any) -> None:
    found = rows(workplace, "taught", [30.0, 31.0, 32.5]) + rows(workplace, "alone", [29.9, 31, 31])
    median, each = workplace.median_gain(found, "splitsr", "taught", "alone", "Set5")
    assert each == pytest.approx([0.1, 0.0, 1.5])
    assert median == pytest.approx(0.1)


def test_a_table_has_the_median_of_each_kind_and_its_gain(workplace: Any) -> None:
    found = rows(workplace, "alone", [30.0, 30.2, 31.0]) + rows(workplace, "taught", [30.5, 30, 31])
    lines = workplace.kinds_table(found, lambda row: "alone" if row.kind == "taught" else None)
    sets = " | ".join(["30.20"] * 3)
    assert lines[2] == f"| splitsr | alone | 1,000 | 400 | {sets} |  |  |  |"
    assert lines[3].startswith("| splitsr | taught | 1,000 | 400 | 30.50 |")
    assert lines[3].endswith("| +0.000 | +0.000 | +0.000 |")


def test_every_part_says_its_name_and_has_rows_and_a_section(workplace: Any) -> None:
    parts = import_module("compression").PARTS
    assert [part.PART for part in parts.values()] == [*parts]
    assert all(callable(part.rows) and callable(part.section) for part in parts.values())
