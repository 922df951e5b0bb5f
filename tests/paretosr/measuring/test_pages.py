"""What was measured as a page: which ratio stands where."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import paretosr as psr
from paretosr.cli.app import run
from paretosr.measuring.comparing import ComparedModel
from paretosr.measuring.pages import matrix_of
from paretosr.measuring.profile_table import COLUMNS, ProfileRecord, ProfileTable
from profilers import RatioEstimate, Target


def estimate(ratio: float) -> RatioEstimate:
    return RatioEstimate(ratio, ratio - 0.1, ratio + 0.1, 2.0, 4.0, 3.0, 30, 0.9, 0.01)


def profile(**changes: Any) -> psr.Profile:
    values: dict[str, Any] = {
        column.name: column.choices[0] if column.choices else column.kind(1) for column in COLUMNS
    }
    values |= {"model": "fsrcnn", "scale": 2, "target": "eager", "reason": None, "clock": "cpu"}
    return psr.Profile(
        **{**values, **changes},
        other_variants=(),
        compute_probe_ms=None,
        copy_probe_ms=None,
        device={},
    )


TIMES = {"latency_ms": 20.0, "latency_ci_low_ms": 18.0, "latency_ci_high_ms": 24.0}


def test_of_a_comparison() -> None:
    others = tuple(ComparedModel(it, None, None, estimate(0.5)) for it in ("rlfn", "bicubic"))
    matrix = matrix_of(psr.Comparison("fsrcnn", 2, "eager", "cpu", others))
    assert matrix.networks == ("rlfn", "bicubic") and matrix.targets == ("eager",)
    (cell,), _ = matrix.cells
    assert (cell.ratio, cell.ci_low, cell.ci_high) == (0.5, 0.4, 0.6)
    assert cell.verdict == "fsrcnn is faster"
    assert [ledger.network for ledger in matrix.ledgers] == ["fsrcnn x2", "rlfn x2"]


def test_of_a_profile_and_of_targets() -> None:
    first = profile(**TIMES, latency_ratio=2.0, reference_ms=10.0)
    ((cell,),) = matrix_of(first).cells
    assert (cell.ratio, cell.ci_low, cell.ci_high, cell.latency_ms) == (2.0, 1.8, 2.4, 20.0)
    faster = profile(target="other", latency_ms=5.0, latency_ci_low_ms=4.0, latency_ci_high_ms=6.0)
    failed = ProfileRecord.failed(psr.load("fsrcnn", 2), Target.parse("eager"), "it crashed")
    ((one, other, none),) = matrix_of(
        psr.TargetComparison("fsrcnn", 2, (first, faster, failed))
    ).cells
    assert (one.ratio, one.latency_ms, one.ci_low) == (1.0, 20.0, None)
    assert (other.ratio, other.verdict) == (0.25, "faster")
    assert (none.ratio, none.reason) == (None, "it crashed")


def test_of_a_sweep(tmp_path: Path) -> None:
    table = ProfileTable(tmp_path / "costs.csv")
    eager, wide = Target.parse("eager"), Target.parse("eager:threads=2")
    fsrcnn, rlfn = psr.load("fsrcnn", 2), psr.load("rlfn", 2)
    for network, target, ratio in ((fsrcnn, eager, 2.0), (rlfn, eager, 3.0), (fsrcnn, wide, 4.0)):
        record = ProfileRecord.failed(network, target)
        known = {**TIMES, "latency_ratio": ratio, "reference_ms": 10.0}
        table.add(replace(record, **known, state="measured"))
    table.add(ProfileRecord.failed(rlfn, wide, "it hangs"))
    matrix = matrix_of(psr.Sweep(table.path, 3, 1, 0))
    assert matrix.networks == ("fsrcnn x2", "rlfn x2")
    assert matrix.targets == (str(eager), str(wide))
    assert [[cell.ratio for cell in row] for row in matrix.cells] == [[2.0, 4.0], [3.0, None]]
    assert matrix.cells[0][0].ci_high == 2.4
    assert matrix.cells[1][1].reason == "it hangs"
    assert len(matrix.ledgers) == 2
    empty = tmp_path / "empty.csv"
    empty.write_text(",".join(column.name for column in COLUMNS) + "\n")
    with pytest.raises(ValueError, match="has no row"):
        matrix_of(psr.Sweep(empty, 0, 0, 0))


def test_the_command_writes_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    command = ["compare", "fsrcnn", "bicubic", "--scale", "2", "--target", "eager:lr=16x16"]
    assert run([*command, "--max-seconds", "0.2", "--json", "--html", str(page)]) == 0
    told = json.loads(capfd.readouterr().out)
    (data,) = re.findall(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"))
    ((cell,),) = json.loads(data)["report"]["cells"]
    assert cell["ratio"] == told["others"][0]["ratio"]
    assert run([*command, "--html", str(tmp_path / "page.pdf")]) == 2
    assert "must end in .html" in capfd.readouterr().err
    with pytest.raises(ValueError, match=r"ends in \.html"):
        psr.save_page(profile(), tmp_path / "page")
