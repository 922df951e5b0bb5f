"""Runs, checkpoints and papers in one table.

Covers paretosr.answers.plotting, paretosr.answers.tabulating, paretosr.cli.commands.plot and
paretosr.cli.commands.table.
"""

import csv
import json
import re
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import paretosr as psr
from blocks.catalogue import catalogue_config
from blocks.networks.registry import parse_network_config
from profilers.counting.analytic_cost import macs_bound

CommandLine = Callable[..., Any]


def test_a_run_a_checkpoint_and_papers_side_by_side(
    run_dir: Path, checkpoint: Path, photographs: Path
) -> None:
    systems = psr.gather(
        str(run_dir),
        str(checkpoint),
        "published:Set5:IMDN,RLFN",
        evaluate=photographs,
        names={str(checkpoint): "Ours", "IMDN": "IMDN (2019)"},
    )
    kinds = [row.kind for row in systems.rows]
    assert kinds == ["trial", "trial", "trial", "checkpoint", "published", "published"]
    ours = systems.rows[3]
    assert (ours.name, ours.data, ours.scale) == ("Ours", photographs.name, 2)
    # The same network, images and weights as `evaluate` and `profile` have.
    evaluated = psr.evaluate(str(checkpoint), photographs)
    assert (ours.psnr_y_db, ours.ssim_y) == (evaluated.psnr_y_db, evaluated.ssim_y)
    assert ours.macs == macs_bound(psr.load(checkpoint).config).total  # type: ignore[arg-type]
    # The scale of the published rows is that of the others.
    assert [(row.name, row.scale) for row in systems.rows[4:]] == [("IMDN (2019)", 2), ("RLFN", 2)]
    frame = systems.frame
    assert frame["config.channels"].astype("object").tolist()[1:4] == [8, 8, 8]
    assert len(str(systems).splitlines()) > 6 and "Ours" in systems._repr_html_()


def test_an_evaluation_of_before_is_used_and_not_repeated(
    cli: CommandLine, checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    document = cli("evaluate", checkpoint, "--data", photographs, "--json").out
    (tmp_path / "ours.json").write_text(document, encoding="utf-8")
    (row,) = psr.gather(tmp_path / "ours.json").rows
    assert row.name == "ours" and row.psnr_y_db == json.loads(document)["psnr_y_db"]
    assert row.params == psr.gather(str(checkpoint), evaluate=photographs).rows[0].params
    gone = {**json.loads(document), "model": str(tmp_path / "gone.safetensors")}
    (tmp_path / "gone.json").write_text(json.dumps(gone), encoding="utf-8")
    with pytest.raises(ValueError, match="must still be where it was, to be counted"):
        psr.gather(tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ((), "a source is needed: RUN_DIR, a checkpoint"),
        (("published:Set5:IMDN",), None),
        (("published:Test2K",), "nothing is published of published:Test2K at x2"),
        (("nothing.safetensors",), "nothing.safetensors"),
        (("bicubic",), "must be evaluated to be shown: name its images with --evaluate FOLDER"),
    ],
)
def test_what_is_no_source(sources: tuple[str, ...], message: str | None) -> None:
    if message is None:
        assert psr.gather(*sources, scale=2).rows
        return
    with pytest.raises((ValueError, OSError), match=message):
        psr.gather(*sources, scale=2)


def test_a_name_for_nothing_is_noticed() -> None:
    with pytest.raises(ValueError, match="for a source or a row, got 'IMDNN'; did you mean 'IMDN'"):
        psr.gather("published:Set5:IMDN", scale=4, names={"IMDNN": "x"})


def test_what_is_beyond_the_axis_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(UserWarning, match=r"left out, beyond any axis: DRCN \(9,789 GMACs\)"):
        psr.gather("published:Set5", scale=4)


def test_counted_alike() -> None:
    printed = psr.gather("published:Set5:SMSR", scale=4).rows[0]
    counted = psr.gather("published:Set5:SMSR", scale=4, counted=True).rows[0]
    # The paper prints the mean of its masks, 41.6 G; with every mask active it is 57.2 G.
    assert (printed.macs, round((counted.macs or 0) / 1e9, 1)) == (41.6e9, 57.1)


@pytest.mark.parametrize("chosen", [("FSRCNN", 2), ("RLFN", 4), ("EDSR", 4), ("SMSR", 3)])
def test_the_counted_column_is_what_the_ledger_counts(chosen: tuple[str, int]) -> None:
    text = (resources.files("reports") / "published" / "counted.csv").read_text("utf-8")
    (row,) = [
        it for it in csv.DictReader(text.splitlines()) if (it["model"], int(it["scale"])) == chosen
    ]
    name = row["network"]
    config = (
        parse_network_config({**json.loads(name), "scale": chosen[1]}, name)
        if name.startswith("{")
        else catalogue_config(name, chosen[1])
    )
    bound = macs_bound(config)
    assert (int(row["params"]), int(row["macs"])) == (bound.parameters, bound.total)


def test_the_researchers_figure(
    cli: CommandLine, checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    """Acceptance 2 of the issue, on images of waves in place of Set5."""
    folder = tmp_path / "Set5"
    folder.symlink_to(photographs)
    names = "SeemoRe-T,SAFMN,PAN,RLFN,CARN-M,IMDN,CARN,EDSR-baseline,FSRCNN,IDN,VDSR,ShuffleMixer"
    completed = cli(
        "plot", checkpoint, f"published:Set5:{names}", "--evaluate", folder, "--width", "column",
        "--name", f"{checkpoint}=Ours", "--out", tmp_path / "set5.pdf",
    )  # fmt: skip
    assert completed.status == 0, completed.err
    path, caption = completed.out.splitlines()
    assert Path(path).read_bytes().partition(b"/MediaBox [ 0 0 ")[2].startswith(b"244.8 ")
    assert "Evaluated here: Ours." in caption and "12 published models" in caption


def test_a_run_alone_stands_beside_published_models(cli: CommandLine, run_dir: Path) -> None:
    answer = cli("plot", run_dir, "--json").json
    assert answer["figure"] == str(run_dir / "psnr_y_db_vs_macs.png")
    assert "published models" in answer["caption"]
    assert "published" not in cli("plot", run_dir, "--x", "params", "--json").json["caption"]


def test_a_table_for_a_paper(cli: CommandLine, run_dir: Path, tmp_path: Path) -> None:
    out, bib = tmp_path / "table.tex", tmp_path / "sr.bib"
    completed = cli("table", run_dir, "published:Set5:IMDN,RLFN", "--out", out, "--bibtex", bib)
    assert completed.out == f"{out}\n{bib}\n"
    cited = set(re.findall(r"\\cite\{(\w+)\}", out.read_text()))
    assert cited == set(re.findall(r"^@\w+\{(\w+),", bib.read_text(), re.MULTILINE)) != set()
    printed = cli("table", "published:Set5:IMDN", "--scale", "4", "--format", "markdown").out
    assert printed.startswith("| method | scale |") and "IMDN" in printed
    answer = cli("table", "published:Set5:IMDN", "--scale", "4", "--json").json
    assert answer["file"] is None and answer["systems"][0]["psnr_y_db"] == 32.21


def test_the_table_as_data(cli: CommandLine, run_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "trials.csv"
    assert cli("table", run_dir, "--out", out).status == 0
    written = pd.read_csv(out)
    assert {"name", "psnr_y_db", "config.channels", "config.blocks"} <= set(written.columns)
    assert len(written) == len(pd.read_csv(run_dir / "trials.csv"))


def test_parquet_is_the_same_table(cli: CommandLine, run_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    out = tmp_path / "trials.parquet"
    assert cli("table", run_dir, "--out", out).status == 0
    expected = psr.gather(str(run_dir)).frame
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_dtype=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "word"], "--format must be one of latex, markdown, csv, parquet, got 'word'"),
        (["--out", "table.doc"], "must end in one of .tex, .md, .csv, .parquet"),
        (["--format", "parquet"], "name the file to write with --out"),
        (["--name", "IMDN"], "--name must be SOURCE=TEXT, such as best.safetensors=Ours"),
    ],
)
def test_bad_options(cli: CommandLine, options: list[str], message: str) -> None:
    completed = cli("table", "published:Set5:IMDN", "--scale", "4", *options)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err and completed.err.count("\n") == 1


def test_without_the_extra_parquet_says_how_to_get_it(
    cli: CommandLine, run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    completed = cli("table", run_dir, "--out", tmp_path / "trials.parquet")
    assert completed.status == 2
    assert "pip install 'paretosr[parquet]'" in completed.err
