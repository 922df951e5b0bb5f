"""The table of SplitSR's block kinds: bands, the best of each, and what counts as a kind."""

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from reports.block_kinds import bands, bands_table, block_kind
from reports.records import TrialRecord
from reports.run_report import write_report
from reports.run_settings import RunSettings

SPLIT = {"location": "features", "hybrid_index": 1}


def record(trial: int, gmacs: float, psnr_y_db: float | None, **config: object) -> TrialRecord:
    return TrialRecord(
        trial=trial,
        arch_id=f"splitsr-x2-{trial:010x}",
        family="splitsr",
        scale=2,
        state="trained" if psnr_y_db else "failed",
        params=1000,
        macs=round(gmacs * 1e9),
        latency_ms=gmacs,
        psnr_y_db=psnr_y_db,
        config={**SPLIT, **config},
    )


RECORDS = [
    record(0, 1.0, 33.0),
    record(1, 1.9, 33.5),
    record(2, 1.5, 33.4, block_kind="ghost"),
    record(3, 2.0, 33.6, block_kind="ghost"),
    record(4, 0.7, 32.9, block_kind="ghost"),
    record(5, 3.9, 33.9, hybrid_index=0),
    record(6, 3.0, None, block_kind="shuffle"),
]


def test_the_best_of_each_kind_in_bands_of_a_factor_of_two(
    tmp_path: Path, settings: RunSettings
) -> None:
    paths = write_report(tmp_path, RECORDS, settings)
    assert paths.block_kinds_csv == tmp_path / "block_kinds.csv"
    with paths.block_kinds_csv.open(encoding="utf-8", newline="") as file:
        rows = [tuple(row.values())[:7] for row in csv.DictReader(file)]
    assert rows == [
        ("0.5", "1.0", "ghost", "1", "32.9", "0.7", "4"),
        ("1.0", "2.0", "split", "2", "33.5", "1.9", "1"),
        ("1.0", "2.0", "ghost", "1", "33.4", "1.5", "2"),
        ("2.0", "4.0", "standard", "1", "33.9", "3.9", "5"),
        ("2.0", "4.0", "ghost", "1", "33.6", "2.0", "3"),
    ]


def test_the_table_of_a_terminal() -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(bands_table(bands(RECORDS)))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["1", "to", "2", "33.50", "(2)", "33.40", "(1)"] in lines
    assert ["2", "to", "4", "33.90", "(1)", "33.60", "(1)"] in lines


def test_one_kind_alone_is_not_compared(tmp_path: Path, settings: RunSettings) -> None:
    alone = [RECORDS[0], RECORDS[1], RECORDS[5]]
    assert bands(alone) == ()
    assert write_report(tmp_path, alone, settings).block_kinds_csv is None
    assert not (tmp_path / "block_kinds.csv").exists()


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({}, "split"),
        ({"block_kind": "shuffle"}, "shuffle"),
        ({"hybrid_index": 0}, "standard"),
        ({"location": "upsampler"}, "standard"),
        ({"hybrid_index": 0, "split_mask": [[False, True]], "block_kind": "ghost"}, "ghost"),
        ({"split_mask": [[False, False]]}, "standard"),
    ],
)
def test_the_kind_of_a_network(config: dict[str, object], kind: str) -> None:
    assert block_kind(record(0, 1.0, 33.0, **config)) == kind


def test_other_systems_have_no_kind() -> None:
    other = TrialRecord(
        trial=0, arch_id="x", family="seemore", scale=2, state="trained", config={"channels": 8}
    )
    assert block_kind(other) is None
