"""What compression loses and gains, by hand; and why a precision is not on the front.

Covers reports.figures.compression.
"""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.colors import to_hex

from reports.compression import (
    changes_in_words,
    compared_networks,
    compression_columns,
    compression_rows,
    why_off_the_front,
    write_compression,
)
from reports.figures.compression import compression_figure
from reports.figures.fronts import pareto_figure
from reports.records import TrialRecord
from reports.run_report import write_report
from reports.run_settings import RunSettings
from reports.tables import front_columns

OBJECTIVES = ("psnr_y_db", "latency_ms")


@pytest.fixture
def in_two(records: list[TrialRecord]) -> list[TrialRecord]:
    """Trials 0 to 3 in float32, the first two also in int8 (10, 11), and 12 refused."""
    networks = [replace(it, precision="float32", size_kib=100.0) for it in records[1:5]]
    first, second, third, _ = networks
    return [
        records[0],
        *networks,
        replace(first, trial=10, precision="int8", psnr_y_db=34.9, latency_ms=5.0, size_kib=25.0),
        replace(
            second, trial=11, precision="int8", psnr_y_db=34.75, latency_ms=30.0, size_kib=30.0
        ),
        replace(
            third,
            trial=12,
            precision="int8",
            state="failed",
            reason="no such operator",
            psnr_y_db=None,
            latency_ms=None,
            size_kib=None,
        ),
    ]


def test_networks_stand_beside_themselves(in_two: list[TrialRecord]) -> None:
    networks = compared_networks(in_two)
    assert [network.trials["int8"].trial for network in networks] == [10, 11, 12]
    assert [network.reference.trial for network in networks] == [0, 1, 2]
    change = networks[0].change("int8")
    assert change.psnr_db == pytest.approx(-0.1)
    assert (change.latency_factor, change.size_factor) == (0.5, 0.25)
    # -0.1 and -0.3 dB, 0.5 and 1.5 times the latency, 0.25 and 0.3 times the weights.
    assert changes_in_words(networks) == [
        "int8 against float32, in the median: -0.200 dB, 1.00 times the latency, 0.28 times the "
        "stored weights"
    ]
    columns = compression_columns(networks)
    assert columns["int8\n(dB)"] == ["34.900", "34.750", "failed"]
    assert columns["float32\n(KiB)"] == 3 * ["100.0"]


def test_a_run_of_one_precision_has_nothing_to_compare(
    records: list[TrialRecord], settings: RunSettings, tmp_path: Path
) -> None:
    plain = [replace(it, precision=None if it.is_baseline else "float32") for it in records]
    assert compared_networks(plain) == ()
    assert why_off_the_front(plain, OBJECTIVES) == []
    assert write_report(tmp_path, plain, settings).compression_csv is None
    assert "precision" not in front_columns(plain, OBJECTIVES)[0]


def test_the_file_has_a_line_for_each_network_and_precision(
    in_two: list[TrialRecord], tmp_path: Path
) -> None:
    networks = compared_networks(in_two)
    write_compression(tmp_path / "compression.csv", networks)
    with (tmp_path / "compression.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["trial"] for line in lines] == ["0", "10", "1", "11", "2", "12"]
    assert lines[-1]["reason"] == "no such operator" and lines[-1]["psnr_change_db"] == ""
    rows = compression_rows(networks)
    assert [line["size_factor"] for line in lines[:2]] == [str(r["size_factor"]) for r in rows[:2]]


def test_a_precision_off_the_front_has_its_reasons(in_two: list[TrialRecord]) -> None:
    assert why_off_the_front(in_two, OBJECTIVES) == []  # 10 is the fastest
    slower = [
        replace(record, latency_ms=45.0) if record.trial == 10 else record for record in in_two
    ]
    assert why_off_the_front(slower, OBJECTIVES) == [
        "no int8 network is on the front: of 3, 2 dominated by others, 1 failed (no such operator)"
    ]


def test_tables_and_figures_mark_the_precision(
    in_two: list[TrialRecord], settings: RunSettings, tmp_path: Path
) -> None:
    columns, _ = front_columns(in_two, OBJECTIVES)
    shown = dict(zip(columns["trial"], columns["precision"], strict=True))
    assert (shown["10"], shown["0"], shown[""]) == ("int8", "float32", "")
    axes = pareto_figure(in_two, settings).axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert "splitsr, int8, on the front" in labels and "seemore, int8" in labels
    faces = {
        str(markers.get_label()): to_hex(markers.get_facecolor()[0])  # type: ignore[index]
        for markers in axes.collections
        if str(markers.get_label()).startswith("splitsr") and len(markers.get_facecolor())  # type: ignore[arg-type]
    }
    assert faces["splitsr, int8, on the front"] == "#ffffff"
    assert faces["splitsr, float32, on the front"] == "#0072b2"
    paths = write_report(tmp_path, in_two, settings)
    assert paths.compression_png is not None and paths.compression_png.stat().st_size > 0


def test_the_figure_joins_each_network_with_itself(
    in_two: list[TrialRecord], settings: RunSettings
) -> None:
    figure = compression_figure(compared_networks(in_two), settings)
    by_latency, by_size = figure.axes
    ends = [[tuple(point) for point in line.get_xydata()] for line in by_latency.lines[:3]]  # type: ignore[union-attr]
    assert ends == [
        [(10.0, 35.0), (5.0, 34.9)],
        [(20.0, 35.05), (30.0, 34.75)],
        [(40.0, 36.0)],
    ]
    assert by_size.get_xlabel() == "stored weights (KiB)"
