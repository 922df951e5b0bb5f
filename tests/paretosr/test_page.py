"""The page that a real search leaves.

Covers search.insights.keeping.
"""

import json
import re
import shutil
from pathlib import Path

import pytest

import paretosr as psr
from paretosr.cli.app import run
from reports.page.insights import read_insights


def test_a_search_leaves_what_its_page_shows(run_dir: Path) -> None:
    found = read_insights(run_dir)
    assert found is not None
    # Of its two networks neither is better in both.
    macs = {record.trial: record.macs for record in psr.open_run(run_dir).records}
    assert {ledger.trial for ledger in found.ledgers} == macs.keys()
    for ledger in found.ledgers:
        # The ledger adds up to the column, by operators as by parts.
        assert sum(row.macs for row in ledger.operators) == macs[ledger.trial]
        assert sum(row.macs for row in ledger.parts) == macs[ledger.trial]
    assert {it.objective for it in found.importance} == {"psnr_y_db", "macs"}
    assert found.predictions == () and found.coverage is None
    for strip in found.strips:
        labels = [crop.label for crop in strip.crops]
        assert labels[0] == "bicubic" and labels[-1] == "original" and len(labels) > 2
        assert all((run_dir / "crops" / crop.file).is_file() for crop in strip.crops)
    assert len(found.strips) == 2


def test_the_page_is_rebuilt_by_report(run_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_dir, copy)
    written = {name: (copy / name).read_bytes() for name in ("report.html", "report.json")}
    for name in written:
        (copy / name).unlink()
    files = psr.open_run(copy).report().files
    assert files is not None and files.report_html == copy / "report.html"
    again = (copy / "report.html").read_text(encoding="utf-8")
    before = written["report.html"].decode()
    assert again == before.replace(">small<", ">copy<").replace('"small"', '"copy"').replace(
        "<title>small:", "<title>copy:"
    )
    assert len(re.findall("data:image/png;base64,", again)) == sum(
        len(strip["crops"]) for strip in json.loads(written["report.json"])["strips"]
    )


def test_what_is_damaged_is_named_in_one_line(
    run_dir: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_dir, copy)
    (copy / "insights.json").write_text('{"coverage": -Infinity}')
    assert run(["report", str(copy)]) == 2
    assert re.search(r"insights\.json: coverage", capfd.readouterr().err)
