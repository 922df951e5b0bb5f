"""Every cell gets its row, whatever runtimes do; the runtimes here really crash and hang.

The table is that of paretosr.measuring.profile_table.

Covers paretosr.cli.commands.sweep.
"""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks import CATALOGUE, SeemoReConfig, SplitSRConfig
from blocks.models import Model
from foundation.listener import SILENT
from paretosr.measuring.profile_table import COLUMNS, ProfileRecord, ProfileTable
from paretosr.measuring.sweeping import catalogue_networks, measured_cells, unfinished
from profilers import RUNTIMES, Target

ONNX = Target.parse("onnxruntime:lr=16x16")

# Found instead of ONNX Runtime by the worker processes, which it then hands the real one.
TREACHEROUS = """
import ctypes, sys, time
sys.path.remove({folder!r})
del sys.modules["onnxruntime"]
import onnxruntime

class Session(onnxruntime.InferenceSession):
    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        scale = self.get_outputs()[0].shape[2] // 16
        if scale in {crashing}:
            ctypes.string_at(0)
        if scale in {hanging}:
            time.sleep(3600)

onnxruntime.InferenceSession = Session
"""


def small(scale: int) -> Model:
    config = SplitSRConfig(
        scale=scale,  # type: ignore[arg-type]
        channels=8,
        groups=1,
        blocks=1,
        active_channels=8,
        hybrid_index=0,
        upsampler="one_step",
    )
    return Model(f"small-{scale}", scale, config)


TOO_DEEP = Model("too-deep", 2, SeemoReConfig(scale=2, channels=8, groups=1, recursion=3))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def treacherous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes ONNX Runtime crash and hang, in worker processes, on networks of some scales."""
    missing = RUNTIMES["onnxruntime"].why_unavailable("cpu")
    if missing is not None:
        pytest.skip(f"{missing.reason}; {missing.remedy}")

    def install(**scales: set[int]) -> None:
        folder = str(tmp_path / "libraries")
        os.mkdir(folder)
        source = TREACHEROUS.format(folder=folder, **scales)
        Path(folder, "onnxruntime.py").write_text(source, encoding="utf-8")
        path = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
        monkeypatch.setenv("PYTHONPATH", path)

    return install


@pytest.mark.slow
def test_a_cell_that_crashes_or_is_impossible_says_so_and_the_rest_goes_on(
    tmp_path: Path, treacherous: Callable[..., None]
) -> None:
    treacherous(crashing={3}, hanging=set())
    table = ProfileTable(tmp_path / "table.csv")
    cells = {ONNX: [small(3), TOO_DEEP, small(2)]}
    for row in measured_cells(cells, max_seconds=120.0, listener=SILENT):
        table.add(row)
    crashed, impossible, fine = rows_of(table.path)
    assert [row["state"] for row in (crashed, impossible, fine)] == ["failed", "failed", "measured"]
    assert "the process died (SIGSEGV)" in crashed["reason"]
    assert "needs images of at least" in impossible["reason"]
    assert fine["reason"] == ""
    low, middle, high = (
        float(fine[name]) for name in ("latency_ci_low_ms", "latency_ms", "latency_ci_high_ms")
    )
    assert 0 < low <= middle <= high
    assert middle == pytest.approx(float(fine["latency_ratio"]) * float(fine["reference_ms"]))
    assert float(fine["max_difference"]) < 1e-4
    assert (fine["source"], fine["runtime"], fine["clock"]) == ("measured", "onnxruntime", "cpu")
    # What follows from the design alone is known all the same.
    assert int(crashed["params"]) > int(fine["params"])
    assert crashed["latency_ms"] == ""


@pytest.mark.slow
def test_a_runtime_that_hangs_is_left_for_the_next_one(treacherous: Callable[..., None]) -> None:
    treacherous(crashing=set(), hanging={2})
    cells = {ONNX: [small(3), small(4)], Target.parse("eager:lr=16x16"): [small(3)]}
    *failed, fine = measured_cells(cells, max_seconds=9.0, listener=SILENT)
    assert [row.model for row in failed] == ["small-3", "small-4"]
    for row in failed:
        assert row.state == "failed"
        assert "the reference network cannot be measured: " in str(row.reason)
        assert "no answer within 9 s, process ended" in str(row.reason)
    assert (fine.state, fine.model, fine.runtime) == ("measured", "small-3", "eager")


def test_a_second_call_measures_what_has_no_row(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    targets = (Target.parse("eager:lr=16x16"), Target.parse("eager:lr=16x24"))
    networks = (small(2), small(3))
    table = ProfileTable(path)
    assert unfinished(networks, targets, table) == {target: list(networks) for target in targets}
    for state, network in zip(("measured", "failed"), networks, strict=True):
        record = ProfileRecord.failed(network, targets[0], 'a comma, a "quote"')
        table.add(replace(record, state=state))
    again = ProfileTable(path)
    assert len(again) == 2
    assert unfinished(networks, targets, again) == {targets[1]: list(networks)}
    before = path.read_bytes()
    again.add(ProfileRecord.failed(small(4), targets[0]))
    assert path.read_bytes().startswith(before)


@pytest.mark.parametrize("content", [b"trial,arch_id\n1,a\n", b"\xff\xfe", b'"' + b"a" * 200_000])
def test_another_file_is_left_as_it_is(
    cli: Callable[..., Any], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "trials.csv"
    path.write_bytes(content)
    completed = cli("sweep", path)
    assert completed.status == 2
    assert "must be a table that paretosr sweep wrote" in completed.err.splitlines()[-1]
    assert path.read_bytes() == content


def test_a_scale_without_networks_is_refused() -> None:
    with pytest.raises(ValueError, match="scale must be 2, 3 or 4, got 5"):
        catalogue_networks(5)
    assert [(it.name, it.config) for it in catalogue_networks(None)] == [
        (entry.name, entry.config) for entry in CATALOGUE
    ]


@pytest.mark.slow
def test_an_interrupt_leaves_whole_rows_and_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    options = ["--scale", "3", "--target", "eager:lr=16x16", "--max-seconds", "3"]
    command = [sys.executable, "-m", "paretosr", "sweep", str(path), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not path.exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
    assert process.returncode == 130
    assert error == f"paretosr: interrupted; the same command goes on with {path}\n"
    rows = rows_of(path)
    assert [row["model"] for row in rows] == [
        network.name for network in catalogue_networks(3)[: len(rows)]
    ]
    assert all(list(row) == [column.name for column in COLUMNS] for row in rows)
    assert [path.name] == [file.name for file in tmp_path.iterdir()]


def test_a_finished_table_is_left_as_it_is(cli: Callable[..., Any], tmp_path: Path) -> None:
    table = ProfileTable(tmp_path / "table.csv")
    target = Target.parse("eager:lr=16x16")
    for network in catalogue_networks(4):
        table.add(ProfileRecord.failed(network, target, "not tried"))
    options = ("--scale", 4, "--target", "eager:lr=16x16", "--json")
    before = table.path.read_bytes()
    assert cli("sweep", table.path, *options).json == {
        "csv": str(table.path),
        "measured": 0,
        "failed": 0,
        "skipped": len(table),
    }
    assert table.path.read_bytes() == before


def test_the_columns_of_the_table() -> None:
    assert " ".join(column.name for column in COLUMNS) == (
        "model scale target family arch_id runtime variant lr_height_px lr_width_px state "
        "reason params macs activation_mib peak_memory_mib latency_ms latency_ci_low_ms "
        "latency_ci_high_ms latency_ratio first_ms p90_ms repeats reference_spread "
        "quiet_share prepare_seconds max_difference clock reference_ms source"
    )


def test_a_row_is_checked() -> None:
    record = ProfileRecord.failed(small(2), ONNX)
    for change, message in (
        ({"latency_ms": float("nan")}, "latency_ms must be finite"),
        ({"state": "trained"}, "state must be one of measured, failed"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(record, **change)  # type: ignore[arg-type]
