"""What compression loses and gains, by hand; and why a precision is not on the front.

Covers reports.compression.table and reports.figures.compression.
"""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from rich.console import Console

from reports.compression.compressed import CompressedNetwork
from reports.compression.networks import (
    changes_in_words,
    compared_networks,
    compression_rows,
    why_off_the_front,
    write_compression,
)
from reports.compression.table import compression_columns, compression_table, why_empty
from reports.figures.compression import compression_figure
from reports.figures.fronts import pareto_figure
from reports.records import TrialRecord
from reports.run_report import write_report
from reports.run_settings import RunSettings
from reports.tables import front_columns

OBJECTIVES = ("psnr_y_db", "latency_ms")


def smaller(
    parent: TrialRecord, form: Any, folder: str, psnr_y_db: float | None, **changes: Any
) -> CompressedNetwork:
    return CompressedNetwork(
        form=form,
        network=parent.arch_id,
        file=f"runs/{folder}/model.safetensors",
        weights="0123456789",
        record=replace(
            parent, **{"trial": None, "arch_id": "small", "psnr_y_db": psnr_y_db, **changes}
        ),
    )


def joined(axes: Axes) -> list[list[tuple[float, float]]]:
    (lines,) = axes.collections
    assert isinstance(lines, LineCollection)
    return [[(x, y) for x, y in ends] for ends in lines.get_segments()]


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


@pytest.fixture
def made_smaller(in_two: list[TrialRecord]) -> list[CompressedNetwork]:
    """Trial 0 pruned twice, once without success; trial 1 as the teacher of another family."""
    first, second = in_two[1:3]
    return [
        smaller(second, "distilled", "pupil", 34.85, family="fsrcnn", latency_ms=4.0),
        smaller(first, "pruned", "half", 34.8, latency_ms=6.0, size_kib=50.0),
        smaller(
            first, "pruned", "broken", None, latency_ms=None, state="failed", reason="no operator"
        ),
    ]


def test_networks_stand_beside_themselves(in_two: list[TrialRecord]) -> None:
    networks = compared_networks(in_two)
    eights = [version.record.trial for network in networks for version in network.of("int8")]
    assert eights == [10, 11, 12]
    assert [network.reference.record.trial for network in networks] == [0, 1, 2]
    change = networks[0].change(*networks[0].of("int8"))
    assert change.psnr_db == pytest.approx(-0.1)
    assert (change.latency_factor, change.size_factor) == (0.5, 0.25)
    # -0.1 and -0.3 dB, 0.5 and 1.5 times the latency, 0.25 and 0.3 times the weights.
    assert changes_in_words(networks) == [
        "int8 against float32, in the median: -0.200 dB, 1.00 times the latency, 0.28 times the "
        "stored weights"
    ]
    columns = compression_columns(networks)
    assert columns["unit"] == 3 * ["dB", "ms", "KiB"]
    assert columns["float32"][::3] == ["35.000", "35.050", "36.000"]
    assert columns["int8"] == [
        *("34.900 -0.100", "5 ×0.50", "25.0 ×0.25"),
        *("34.750 -0.300", "30 ×1.50", "30.0 ×0.30"),
        *("", "", ""),
    ]
    assert why_empty(networks) == [
        "bfloat16 is left out: the search did not judge it so",
        "int8 is empty for #2: failed (no such operator)",
        "pruned is left out: none was named (paretosr compress --method prune makes one, paretosr "
        "report --compressed shows it)",
        "distilled is left out: none was named (paretosr train --teacher makes one, paretosr "
        "report --compressed shows it)",
    ]


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
    in_two: list[TrialRecord],
    made_smaller: list[CompressedNetwork],
    settings: RunSettings,
    tmp_path: Path,
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
    paths = write_report(tmp_path, in_two, settings, made_smaller)
    assert paths.compression_csv is not None and "runs/half" in paths.compression_csv.read_text()
    assert paths.compression_png is not None and paths.compression_png.stat().st_size > 0


def test_the_figure_joins_each_network_with_itself(
    in_two: list[TrialRecord], settings: RunSettings
) -> None:
    figure = compression_figure(compared_networks(in_two), settings)
    by_latency, by_size = figure.axes
    assert joined(by_latency) == [[(10.0, 35.0), (5.0, 34.9)], [(20.0, 35.05), (30.0, 34.75)]]
    markers = [line for line in by_latency.lines if line.get_marker() != "None"]
    assert len(markers) == 5  # of the third network only float32 has a place
    assert by_size.get_xlabel() == "stored weights (KiB)"


def test_what_was_pruned_or_taught_stands_beside_its_origin(
    in_two: list[TrialRecord], made_smaller: list[CompressedNetwork], tmp_path: Path
) -> None:
    networks = compared_networks(in_two, made_smaller)
    first, second, _ = networks
    assert [it.form for it in first.versions] == ["float32", "int8", "pruned", "pruned"]
    assert [it.form for it in second.versions] == ["float32", "int8", "distilled"]
    half, _ = first.of("pruned")
    change = first.change(half)
    assert change.psnr_db == pytest.approx(-0.2)
    assert (change.latency_factor, change.size_factor) == (0.6, 0.5)
    columns = compression_columns(networks)
    assert list(columns) == ["network", "unit", "float32", "int8", "pruned", "distilled"]
    # Names, dB, ms and KiB; what has no other form does not need its number.
    assert columns["unit"] == [*(3 * ["", "dB", "ms", "KiB"]), "dB", "ms", "KiB"]
    assert columns["pruned"][:4] == ["half", "34.800 -0.200", "6 ×0.60", "50.0 ×0.50"]
    assert columns["pruned"][4:8] == ["broken", "", "", "100.0 ×1.00"]
    assert columns["float32"][:8] == ["#0", "35.000", "10", "100.0", "", "", "", ""]
    assert columns["distilled"][8:12] == ["pupil", "34.850 -0.200", "4 ×0.20", "100.0 ×1.00"]
    assert why_empty(networks)[2:] == [
        "pruned is empty for #0: failed (no operator)",
        "pruned is empty for #1, #2: none was named (paretosr compress --method prune makes one, "
        "paretosr report --compressed shows it)",
        "distilled is empty for #0, #2: none was named (paretosr train --teacher makes one, "
        "paretosr report --compressed shows it)",
    ]
    assert changes_in_words(networks)[1:] == [
        "pruned against float32, in the median: -0.200 dB, 0.60 times the latency, 0.75 times the "
        "stored weights",
        "distilled against float32, in the median: -0.200 dB, 0.20 times the latency, 1.00 times "
        "the stored weights",
    ]
    rows = {(row["network"], row["file"]): row for row in compression_rows(networks)}
    row = rows[second.arch_id, "runs/pupil/model.safetensors"]
    assert (row["form"], row["arch_id"], row["family"]) == ("distilled", "small", "fsrcnn")
    assert (row["trial"], row["precision"], row["reason"]) == (None, "float32", None)


def test_a_terminal_shows_five_forms_of_a_network_in_a_hundred_columns(
    in_two: list[TrialRecord], made_smaller: list[CompressedNetwork]
) -> None:
    half = replace(in_two[1], trial=20, precision="bfloat16", psnr_y_db=34.99)
    compressed = [*made_smaller, smaller(in_two[1], "distilled", "other", 34.5)]
    console = Console(width=100, file=(text := io.StringIO()))
    console.print(compression_table(compared_networks([*in_two, half], compressed)))
    heading, _, names, psnrs, *_ = text.getvalue().strip().splitlines()
    assert heading.split() == ["network", "float32", "bfloat16", "int8", "pruned", "distilled"]
    assert names.split()[1:] == ["#0", "#20", "#10", "half", "other"]
    shown = " ".join(psnrs.split())
    assert shown == "dB 35.000 34.990 -0.010 34.900 -0.100 34.800 -0.200 34.500 -0.500"


def test_a_run_of_one_precision_compares_what_was_made_of_its_networks(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    plain = [replace(it, precision=None if it.is_baseline else "float32") for it in records]
    pruned = smaller(plain[1], "pruned", "half", 34.8, latency_ms=6.0)
    (network,) = compared_networks(plain, [pruned])
    assert network.reference.name == "#0"
    assert "KiB is left out: not known of any of them" in why_empty([network])
    assert "KiB" not in compression_columns([network])["unit"]
    axes, *others = compression_figure([network], settings).axes
    assert others == [] and joined(axes) == [[(10.0, 35.0), (6.0, 34.8)]]


def test_other_precisions_and_unknown_networks_are_compared_with_nothing(
    in_two: list[TrialRecord], made_smaller: list[CompressedNetwork]
) -> None:
    eights = [it for it in in_two if it.precision == "int8"]
    assert compared_networks(eights, made_smaller) == ()
    assert compared_networks([], made_smaller) == ()
