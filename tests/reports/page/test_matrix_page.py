"""Networks by targets as a page."""

import json
import re
from pathlib import Path

from reports.page.insights import MacsRow
from reports.page.matrix_page import (
    Cell,
    Matrix,
    NetworkLedger,
    PlainTable,
    heat,
    matrix_page,
    write_matrix_page,
)

HOSTILE = "<script>alert(1)</script>"
ROWS = (
    MacsRow(name="body", calls=2, macs=3_000_000_000),
    MacsRow(name=HOSTILE, calls=1, macs=10**9),
)
MATRIX = Matrix(
    title=HOSTILE,
    meaning="Each number is a ratio.",
    networks=("a", HOSTILE),
    targets=("eager", HOSTILE),
    cells=(
        (
            Cell(ratio=0.5, ci_low=0.4, ci_high=0.625, latency_ms=12.345, verdict="faster"),
            Cell(reason=HOSTILE),
        ),
        (Cell(ratio=4.0), Cell()),
    ),
    sentences=(HOSTILE,),
    tables=(PlainTable("costs", ("cost", "value"), (("MACs", HOSTILE),), frozenset({"value"})),),
    ledgers=(NetworkLedger("a", ROWS, ROWS),),
)


def test_every_number_and_text_is_that_of_the_document() -> None:
    html = matrix_page(MATRIX)
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    document = json.loads(data)["report"]
    marked = re.findall(r'<data value="([^"]*)" data-path="([^"]*)"[^>]*>([^<]*)</data>', html)
    for value, path, _ in marked:
        found = document
        for key in json.loads(path.replace("&#34;", '"')):
            found = found[key]
        assert json.loads(value) == found
    shown = [text for _, _, text in marked]
    assert shown[:4] == ["0.500", "0.400", "0.625", "12.3"]
    assert {"4.00", "3.000", "75.0", "25.0"} <= set(shown)


def test_markup_in_names_is_text() -> None:
    html = matrix_page(MATRIX)
    assert HOSTILE not in html
    assert html.count("<script") == html.count("</script>") == 1
    assert "script-src &#39;none&#39;" in html
    assert "not measured" in html


def test_the_farther_from_1_the_stronger() -> None:
    assert heat(None) == heat(0.0) == ""
    depths = [int(re.findall(r"(\d+)%", heat(ratio))[0]) for ratio in (1.0, 2.0, 8.0, 100.0, 0.5)]
    assert depths == [0, 13, 40, 40, 13]
    assert "--family-0" in heat(0.9) and "--family-1" in heat(1.1)


def test_it_is_written_whole(tmp_path: Path) -> None:
    write_matrix_page(tmp_path / "page.html", MATRIX)
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == matrix_page(MATRIX)
