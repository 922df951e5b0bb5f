"""What reaches the terminal."""

import io
import json

import pytest
from rich.console import Console

from paretosr.cli.output import rich_table, write_json, write_result, write_rows
from paretosr.results import Result, Table


def test_json_is_one_document_that_any_parser_reads(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"psnr_y_db": float("inf"), "images": ({"ssim_y": float("nan")}, 1.5, None, "é")})

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    document = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert document == {"psnr_y_db": None, "images": [{"ssim_y": None}, 1.5, None, "é"]}


def test_a_table_in_a_file_is_neither_wrapped_nor_cut(capsys: pytest.CaptureFixture[str]) -> None:
    wide = "remedy " * 40
    write_rows(
        ("name", "count", "[remedy]"), [("a", "7", wide), ("b", "12", "")], numbers=["count"]
    )
    captured = capsys.readouterr()
    lines = [line.split() for line in captured.out.splitlines()]
    assert ["name", "count", "[remedy]"] in lines
    assert ["a", "7", *wide.split()] in lines
    assert captured.err == ""


def drawn(table: Table, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(rich_table(table))
    return [line.rstrip() for line in console.export_text().splitlines() if line.strip()]


def test_where_a_table_is_too_wide_texts_and_headings_give_way_to_numbers() -> None:
    headings = ("architecture", "latency (ms) [95 %]", "gain (dB)")
    rows = (("splitsr-x2-c0da8abf57", "1.72 [1.66, 1.78]", "+0.81"),)
    table = Table(headings, rows, frozenset(headings[1:]))
    wide = drawn(table, 80)
    assert len(wide) == 3 and wide[0].split() == " ".join(headings).split()
    assert wide[2].split() == " ".join(rows[0]).split()
    narrow = drawn(table, 36)
    assert narrow[-1].split()[1:] == ["1.72", "[1.66,", "1.78]", "+0.81"]
    assert "splitsr-x2-c0da8abf57".startswith(narrow[-1].split()[0].removesuffix("…"))
    assert len(narrow) == 4 and max(map(len, narrow)) <= 36


class Answer(Result):
    """A result with everything that a result may have."""

    def to_dict(self) -> dict[str, object]:
        return {"answer": 42}

    def tables(self) -> list[Table]:
        return [Table(("unit", "value"), (("ms", "42"),), frozenset({"value"}), "the answer")]

    def sentences(self) -> list[str]:
        return ["that is <all>"]


def test_a_result_is_its_document_or_its_tables_and_sentences(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_result(Answer(), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"answer": 42}
    write_result(Answer(), as_json=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert (lines[0], lines[-1]) == (["the", "answer"], ["that", "is", "<all>"])
    assert ["ms", "42"] in lines


def test_a_result_shows_itself_in_a_notebook_and_in_a_shell() -> None:
    assert str(Answer()) == "the answer\nunit  value\nms       42\n\nthat is <all>"
    assert Answer()._repr_html_().endswith("</table><p>that is &lt;all&gt;</p>")
