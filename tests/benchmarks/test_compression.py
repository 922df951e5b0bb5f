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


def int8_rows(lost_db: list[float]) -> list[Any]:
    int8 = import_module("compression_int8")
    sets = import_module("compression_workplace").SETS
    known = {
        "scheme": "mean, asymmetric",
        **{"weights_kib": 20.0, "float_weights_kib": 72.0, "file_kib": 30, "float_file_kib": 90},
        **{"over_float32": 0.5, "over_float32_ci_low": 0.4, "over_float32_ci_high": 0.61},
        "load_average": 2.0,
    }
    return [
        int8.Int8Row(
            *("splitsr", "openvino", seed, dict.fromkeys(sets, 36.0)),
            {**known, **dict.fromkeys(sets, 36.0 - loss_db)},
        )
        for seed, loss_db in enumerate(lost_db)
    ]


def test_int8_is_judged_by_the_median_of_what_the_seeds_lose(workplace: Any) -> None:
    section = import_module("compression_int8").section
    lines = section(int8_rows([0.01, 0.09, 0.04]), None)
    (row,) = (line for line in lines if line.startswith("| splitsr"))
    assert row.startswith("| splitsr | openvino | 0.040 | 0.040 | 0.040 | 72 to 20 | 3.60 |")
    assert "| 0.50 (0.40 to 0.61) |" in row
    assert any("loses 0.040 dB" in line and line.endswith(": met") for line in lines)
    assert any("3.60 times smaller" in line and line.endswith(": met") for line in lines)
    lines = section(int8_rows([0.06, 0.09, 0.04]), None)
    assert any("loses 0.060 dB" in line and line.endswith("not met") for line in lines)


def test_an_engine_that_refuses_a_network_says_why(workplace: Any) -> None:
    int8 = import_module("compression_int8")
    refused = int8.Int8Row(
        "smsr", "xnnpack", 0, dict.fromkeys(workplace.SETS, 36.0), {"refusal": "no such operator"}
    )
    (row,) = (line for line in int8.section([refused], None) if line.startswith("| smsr"))
    assert row.endswith("| no such operator |")
    assert refused.as_csv["refusal"] == "no such operator"


def test_the_largest_difference_of_a_runtime_decides(workplace: Any) -> None:
    families = import_module("compression_families")
    target_of = import_module("compression_int8").target_of
    refused = [
        families.FamilyRow(name, target_of(engine), 30.0, {"refusal": "no such operator"})
        for name in families.FAMILY_DESIGNS
        for engine in families.ENGINES
    ]

    def told(difference_db: float) -> str:
        rows = [
            families.FamilyRow(name, runtime, 30.0, {"target_psnr_y_db": 30.0})
            for name in families.FAMILY_DESIGNS
            for runtime in families.RUNTIMES
        ]
        rows[7] = families.FamilyRow(
            rows[7].network, rows[7].target, 30.0, {"target_psnr_y_db": 30.0 + difference_db}
        )
        return "\n".join(families.section([*rows, *refused], None))

    assert "-0.00600 dB" in told(-0.006) and ": not met." in told(-0.006)
    assert "+0.00400 dB" in told(0.004) and ": met." in told(0.004)


def test_the_families_of_the_benchmark_are_all_there_are(workplace: Any) -> None:
    from blocks import FAMILIES

    designs = import_module("compression_families").FAMILY_DESIGNS
    assert {str(design["family"]) for design in designs.values()} == set(FAMILIES)
