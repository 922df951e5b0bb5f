"""Every cell gets its row, whatever runtimes do; the runtimes here really crash and hang."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blocks import CATALOGUE, CatalogueEntry, NetworkConfig, SeemoReConfig, SplitSRConfig
from paretosr.profile_table import COLUMNS, ProfileTable
from paretosr.sweep import catalogue_networks, sweep, targets_here, unfinished
from profilers import RUNTIMES, Target
from profilers.runtimes.targets import RUNTIME_DEVICES

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


def network(name: str, config: NetworkConfig) -> CatalogueEntry:
    return CatalogueEntry(name, config, None, "not published", "made up")


def small(scale: int) -> CatalogueEntry:
    config = SplitSRConfig(
        scale=scale,  # type: ignore[arg-type]
        channels=8,
        groups=1,
        blocks=1,
        active_channels=8,
        hybrid_index=0,
        upsampler="one_step",
    )
    return network(f"small-{scale}", config)


TOO_DEEP = network("too-deep", SeemoReConfig(scale=2, channels=8, groups=1, recursion=3))


def silent(done: int, text: str = "") -> None:
    """Nobody looks."""


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
    for row in sweep(cells, max_seconds=120.0, update=silent):
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
    *failed, fine = sweep(cells, max_seconds=9.0, update=silent)
    assert [row["model"] for row in failed] == ["small-3", "small-4"]
    for row in failed:
        assert row["state"] == "failed"
        assert "the reference network cannot be measured: " in str(row["reason"])
        assert "no answer within 9 s, process ended" in str(row["reason"])
    assert (fine["state"], fine["model"], fine["runtime"]) == ("measured", "small-3", "eager")


def test_a_second_call_measures_what_has_no_row(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    targets = (Target.parse("eager:lr=16x16"), Target.parse("eager:lr=16x24"))
    networks = (small(2), small(3))
    table = ProfileTable(path)
    assert unfinished(networks, targets, table) == {target: list(networks) for target in targets}
    for state, entry in zip(("measured", "failed"), networks, strict=True):
        row = {"model": entry.name, "scale": entry.config.scale, "target": str(targets[0])}
        table.add({**row, "state": state, "reason": 'a comma, a "quote"'})
    again = ProfileTable(path)
    assert len(again) == 2
    assert unfinished(networks, targets, again) == {targets[1]: list(networks)}
    before = path.read_bytes()
    again.add({"model": "third", "scale": 2, "target": "eager"})
    assert path.read_bytes().startswith(before)


@pytest.mark.parametrize("content", [b"trial,arch_id\n1,a\n", b"\xff\xfe", b'"' + b"a" * 200_000])
def test_another_file_is_left_as_it_is(
    cli: Callable[..., Any], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "trials.csv"
    path.write_bytes(content)
    completed = cli("profile", "--all", "--csv", path)
    assert completed.status == 2
    assert "must be a table that paretosr profile --all wrote" in completed.err.splitlines()[-1]
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "arguments",
    [
        ["profile"],
        ["profile", "--all"],
        ["profile", "seemore-t", "--all", "--csv", "table.csv"],
        ["profile", "seemore-t", "--csv", "table.csv"],
        ["profile", "--all", "--csv", "table.csv", "--against", "bicubic"],
    ],
)
def test_all_and_one_model_exclude_each_other(
    cli: Callable[..., Any], arguments: list[str]
) -> None:
    completed = cli(*arguments)
    assert (completed.status, completed.out) == (2, "")
    assert completed.err.startswith("paretosr: give a MODEL to profile it, or --all with --csv")
    assert completed.err.count("\n") == 1


def test_a_scale_without_networks_is_refused() -> None:
    with pytest.raises(ValueError, match="--scale must be 2, 3 or 4, got 5"):
        catalogue_networks(5)
    assert catalogue_networks(None) == CATALOGUE


def test_all_stands_for_each_runtime_on_each_device() -> None:
    available, missing = targets_here("all:lr=16x16")
    assert len(available) + len(missing) == sum(map(len, RUNTIME_DEVICES.values()))
    assert Target.parse("eager:lr=16x16") in available
    assert all(" is left out: " in line for line in missing)
    assert targets_here("eager:threads=2") == ((Target(threads=2),), ())


@pytest.mark.slow
def test_an_interrupt_leaves_whole_rows_and_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    options = ["--scale", "3", "--target", "eager:lr=16x16", "--max-seconds", "3"]
    command = [sys.executable, "-m", "paretosr", "profile", "--all", "--csv", str(path), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not path.exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
    assert process.returncode == 130
    assert error == f"paretosr: interrupted; the same command goes on with {path}\n"
    rows = rows_of(path)
    assert [row["model"] for row in rows] == [
        entry.name for entry in catalogue_networks(3)[: len(rows)]
    ]
    assert all(set(row) == set(COLUMNS) for row in rows)
    assert [path.name] == [file.name for file in tmp_path.iterdir()]
