"""The table as a file, and the front as people read it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from reports.records import COLUMNS, TrialRecord
from reports.selection import Bound
from reports.tables import DTYPES, front_rows, front_table, trials_table, write_csv

OBJECTIVES = ("psnr_y_db", "latency_ms")


def front_text(
    records: Sequence[TrialRecord], objectives: Sequence[str], *, width: int = 200
) -> str:
    console = Console(width=width, color_system=None, record=True, file=io.StringIO())
    console.print(front_table(records, objectives))
    return console.export_text().strip()


def test_the_table_has_exactly_the_columns_and_one_row_per_record(
    records: list[TrialRecord],
) -> None:
    table = trials_table(records)
    assert list(table.columns) == [column.name for column in COLUMNS]
    assert len(table) == len(records)
    assert pd.isna(table["trial"][0]) and table["trial"][1] == 0
    assert len(trials_table([])) == 0


def read_back(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=dict(DTYPES))


def test_the_csv_reads_back_equal(records: list[TrialRecord], tmp_path: Path) -> None:
    write_csv(tmp_path / "trials.csv", records)
    pd.testing.assert_frame_equal(read_back(tmp_path / "trials.csv"), trials_table(records))


@settings(max_examples=30)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=0), max_size=4))
def test_no_digit_is_lost(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    path = tmp_path_factory.getbasetemp() / "digits.csv"
    base = TrialRecord(trial=1, arch_id="a", family="splitsr", scale=2, state="trained")
    write_csv(path, [replace(base, latency_ms=number) for number in numbers])
    with path.open(newline="") as file:
        assert [float(row["latency_ms"]) for row in csv.DictReader(file)] == numbers


def test_a_failed_write_leaves_the_old_file(
    records: list[TrialRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trials.csv"
    write_csv(path, records[:1])
    before = path.read_bytes()

    def break_off(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", break_off)
    with pytest.raises(OSError, match="no space left"):
        write_csv(path, records)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_front_rows(records: list[TrialRecord]) -> None:
    rows = front_rows(records, OBJECTIVES)
    assert [row.record.arch_id for row in rows] == [
        "bicubic-x2",
        *(records[place].arch_id for place in (1, 2, 3)),
    ]
    assert [row.gain_db for row in rows] == pytest.approx([0, 2, 2.05, 3])
    # 35.05 - 35.00 is below 2 sqrt(0.03^2 + 0.04^2) = 0.1; the other steps are far above.
    assert [row.note for row in rows] == ["baseline", "", "ties with 0", ""]


def test_a_chain_of_small_gains_is_no_tie_as_a_whole(records: list[TrialRecord]) -> None:
    chain = [
        replace(
            records[1], trial=n, latency_ms=10.0 + n, psnr_y_db=34.0 + 0.05 * n, psnr_y_std_db=0.03
        )
        for n in range(5)
    ]
    # Two standard deviations of a difference are 2 sqrt(2) 0.03 = 0.085 dB.
    notes = [row.note for row in front_rows(chain, OBJECTIVES)]
    assert notes == ["", "ties with 0", "", "ties with 2", ""]


def test_bicubic_is_a_row_also_when_it_is_beaten(records: list[TrialRecord]) -> None:
    records[0] = replace(records[0], latency_ms=30.0)
    rows = front_rows(records, OBJECTIVES)
    assert [row.record.trial for row in rows] == [None, 0, 1, 2]
    assert rows[0].note == "baseline, off the front"


def test_front_without_bicubic_or_without_trials(records: list[TrialRecord]) -> None:
    assert [row.gain_db for row in front_rows(records[1:], OBJECTIVES)] == [None] * 3
    assert front_rows([], OBJECTIVES) == []
    assert front_text([], OBJECTIVES)  # the headings alone


def test_front_text_is_readable(records: list[TrialRecord]) -> None:
    lines = front_text(records, OBJECTIVES).splitlines()
    (row,) = [line for line in lines if "seemore" in line]
    assert row.split() == [
        "1", "seemore-x2-0000000001", "2.0", "0.46", "20.0", "[19.4,", "21.0]",
        "35.05", "+2.05", "ties", "with", "0",
    ]  # fmt: skip
    assert lines[-2].startswith("ties with N: PSNR no better than")  # the table is narrower


def test_numbers_stay_whole_in_a_narrow_terminal(records: list[TrialRecord]) -> None:
    lines = front_text(records, OBJECTIVES, width=70).splitlines()
    (row,) = [line for line in lines if "35.05" in line]
    trial, architecture, *numbers = row.split()
    assert trial == "1" and architecture.endswith("…")
    assert "seemore-x2-0000000001".startswith(architecture.removesuffix("…"))
    assert numbers[:6] == ["2.0", "0.46", "20.0", "[19.4,", "21.0]", "35.05"]


def test_only_known_columns_are_shown(records: list[TrialRecord]) -> None:
    unmeasured = [replace(record, latency_ms=None) for record in records]
    text = front_text(unmeasured, ("ssim_y", "activation_mib"))
    assert "latency" not in text
    assert "SSIM on Y" in text and "live activations" in text


def test_what_is_executed_stands_beside_the_bound(records: list[TrialRecord]) -> None:
    assert "executed" not in front_text(records, OBJECTIVES)
    records[2] = replace(records[2], macs_executed=0.234e9)
    lines = front_text(records, OBJECTIVES).splitlines()
    (row,) = [line for line in lines if "seemore" in line]
    assert row.split()[3:6] == ["0.46", "0.23", "20.0"]
    (other,) = [line for line in lines if "splitsr-x2-0000000002" in line]
    assert other.split()[3:5] == ["0.69", "40.0"]


@pytest.mark.parametrize(
    ("latency_ms", "shown"),
    [(0.012345, "0.0123"), (1.0, "1.00"), (23.72, "23.7"), (99.96, "100.0"), (12345.6, "12,346")],
)
def test_latencies_show_three_digits(
    records: list[TrialRecord], latency_ms: float, shown: str
) -> None:
    timed = replace(
        records[1],
        latency_ms=latency_ms,
        latency_ci_low_ms=latency_ms,
        latency_ci_high_ms=latency_ms,
    )
    assert f" {shown} [{shown}, {shown}] " in front_text([timed], OBJECTIVES)


def test_a_network_whose_interval_crosses_a_bound_is_marked(records: list[TrialRecord]) -> None:
    """10 ms has the interval 9.7 to 10.5 ms, 20 ms has 19.4 to 21 ms."""
    bounds = [Bound("latency_ms", "<=", 20.5)]
    notes = [row.note for row in front_rows(records, OBJECTIVES, bounds)]
    assert notes == ["baseline", "", "ties with 0; may break latency_ms <= 20.5", ""]
    table = front_table(records, OBJECTIVES, bounds)
    assert "may break: the 95 % interval reaches beyond the bound" in str(table.caption)
