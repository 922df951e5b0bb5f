"""The table of a paper, against numbers and ranks worked out by hand.

Covers reports.papers.markup and reports.papers.references.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.papers.markup import escape_latex, escape_markdown, latex_table, markdown_table
from reports.papers.references import bibliography, reference_of
from reports.papers.systems import System, published_systems
from reports.papers.table import paper_table

NAMES = ("Bicubic", "IMDN", "RLFN", "SAFMN", "SMFANet")


def ours(**changes: object) -> System:
    values: dict[str, object] = {
        "name": "Ours",
        "kind": "checkpoint",
        "family": "splitsr",
        "scale": 4,
        "data": "Set5",
        "psnr_y_db": 32.244,
        "ssim_y": 0.8965,
        "params": 250_400,
        "macs": 14.04e9,
    }
    return System(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def systems() -> list[System]:
    return [*published_systems(4, ("Set5", "Set14"), NAMES)[0], ours()]


def test_rows_stand_in_the_order_of_the_field(systems: list[System]) -> None:
    table = paper_table(systems)
    assert table.datasets == ("Set5", "Set14")
    names = [row.name for row in table.rows]
    assert names[0] == "Bicubic" and names[-1] == "Ours"
    # By rising MACs: 14, 29.8 (counted), 41.
    assert [name for name in names if name in ("SAFMN", "RLFN", "IMDN")] == [
        "SAFMN",
        "RLFN",
        "IMDN",
    ]


def test_the_best_and_the_second_of_what_is_printed_are_marked(systems: list[System]) -> None:
    ranks = {row.name: row.qualities[0].psnr for row in paper_table(systems).rows}
    # 32.244 is printed as 32.24, like RLFN's: both are the best, IMDN's 32.21 the second.
    assert {name: number.rank for name, number in ranks.items() if number.rank} == {
        "Ours": "best", "RLFN": "best", "IMDN": "second",
    }  # fmt: skip
    ssim = {row.name: row.qualities[0].ssim.rank for row in paper_table(systems).rows}
    assert ssim["Ours"] == "best" and ssim["RLFN"] == "second"


def test_scales_are_ranked_apart(systems: list[System]) -> None:
    others = published_systems(2, ("Set5",), ("IMDN",))[0]
    table = paper_table([*systems, *others])
    assert list(table.groups) == [2, 4]
    assert [row.qualities[0].psnr.rank for row in table.groups[2]] == ["best"]


def test_of_a_run_those_on_the_front_are_shown() -> None:
    trials = [
        ours(name=f"#{trial}", kind="trial", trial=trial, run="mine", standing=standing)
        for trial, standing in enumerate(("front", "dominated", None))
    ]
    assert [row.name for row in paper_table(trials).rows] == ["mine, trial 0"]
    with pytest.raises(ValueError, match="needs a trained network"):
        paper_table(trials[1:])


def test_what_was_measured_is_taken_of_two_kinds_of_bicubic(systems: list[System]) -> None:
    measured = ours(name="bicubic", family="bicubic", psnr_y_db=28.5, ssim_y=0.8)
    first = paper_table([*systems, measured]).rows[0]
    assert first.qualities[0].psnr.text == "28.50" and first.qualities[1].psnr.text == "26.00"


def test_latex_has_one_shape(systems: list[System]) -> None:
    text = latex_table(paper_table(systems), caption="50 % & more", label="tab:sr", cite=True)
    lines = text.splitlines()
    (alignment,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    rows = [line for line in lines if line.endswith(r"\\")]
    # The first row of the head spans the data sets.
    assert {line.count("&") for line in rows[1:]} == {len(alignment) - 1}
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
    assert text.count("{") == text.count("}")
    assert r"\caption{50 \% \& more}" in lines and r"\label{tab:sr}" in lines
    assert r"\multicolumn{2}{c}{PSNR (dB)/SSIM on Y}" in text and "(K) & (G)" in text
    (rlfn,) = [line for line in rows if line.startswith("RLFN")]
    assert rlfn == (
        r"RLFN~\cite{kong2022rlfn} & $\times$4 & 544 & 29.8\rlap{$^*$} & "
        r"\textbf{32.24}/\underline{0.8952} & \textbf{28.62}/\textbf{0.7813} \\"
    )
    assert r"\cite" not in latex_table(paper_table(systems), cite=False)


def test_latency_has_a_column_where_it_is_known(systems: list[System]) -> None:
    timed = ours(name="Timed", latency_ms=12.34, target="openvino:threads=2,lr=270x480")
    text = latex_table(paper_table([*systems, timed]), cite=False)
    assert "Latency" in text and " & 12.3 & " in text
    assert "Latency on OpenVINO, 2 threads, 480$\\times$270 input." in text


def test_markdown_has_a_cell_for_each_column(systems: list[System]) -> None:
    text = markdown_table(paper_table(systems))
    table, _, notes = text.partition("\n\n")
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()]
    assert {len(line) for line in cells} == {6}
    assert "**32.24**/<u>0.8952</u>" in table and "29.8\\*" in table
    assert "-/-" not in table
    assert "Best bold, second underlined" in notes and "counted like ours" in notes


HOSTILE = "a|b & 50% $x$ #1 _i_ {c} ~ ^ \\ <script>alert(1)</script> `d` *e* [f](g)"


def test_nothing_in_a_name_is_markup() -> None:
    row = paper_table([ours(name=HOSTILE)])
    markdown = markdown_table(row)
    assert "<script" not in markdown and "\\|" in markdown
    assert len(re.split(r"(?<!\\)\|", markdown.splitlines()[2])) == 7
    assert r"50\% \$x\$ \#1 \_i\_ \{c\}" in latex_table(row, cite=False)


@given(st.text(max_size=30))
def test_escaped_texts_keep_to_their_line(text: str) -> None:
    assert "\n" not in escape_latex(text) and "\n" not in escape_markdown(text)
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|text\w+)\{\}|\\[&%$#_{}]|"
                  r"\$\\times\$", "", escape_latex(text))  # fmt: skip
    assert not set(bare) & set("\\&%$#_{}~^")
    assert "<" not in escape_markdown(text)


def test_references_are_whole_entries_each_once() -> None:
    entries = bibliography(["EDSR", "IMDN", "EDSR-baseline", "IAFMNet"])
    assert re.findall(r"^@\w+\{(\w+),$", entries, re.MULTILINE) == ["lim2017edsr", "hui2019imdn"]
    assert entries.count("{") == entries.count("}")
    assert bibliography(["IAFMNet"]) == "" and reference_of("IAFMNet") is None


def test_nearly_every_published_model_has_its_reference() -> None:
    models = {it.name for it in published_systems(None, ("Set5",))[0] if not it.is_baseline}
    assert {name for name in models if reference_of(name) is None} <= {"IAFMNet", "IAFMNet-L"}
