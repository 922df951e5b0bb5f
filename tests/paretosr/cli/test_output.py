"""Covers paretosr.cli.progress."""

import json

import pytest

from paretosr.cli.output import write_json, write_rows
from paretosr.cli.progress import progress_bar, status_line


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


@pytest.mark.parametrize("silent", [True, False])
def test_no_progress_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], silent: bool
) -> None:
    with progress_bar("training", total=2, silent=silent) as update:
        update(1, "loss 0.1")
    with status_line(silent=silent) as status:
        status("timing")
    assert capsys.readouterr() == ("", "")
