"""docs/reference/json.md names exactly the keys that the documents have."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import paretosr as psr
from paretosr.cli.app import run
from paretosr.measuring.comparing import ComparedModel
from paretosr.measuring.profile_table import COLUMNS
from profilers import RatioEstimate
from profilers.agent.timing.sustained_times import SustainedTimes

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
TINY = {"family": "splitsr", "scale": 2, "channels": 8, "active_channels": 4}


def documented(heading: str, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The keys of each table below a heading, with those that are generated."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "scripts"), *sys.path])
    from dataclass_tables import keys_table

    (section,) = re.findall(rf"^## {heading}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    full = re.sub(r"<!-- generated: keys of (\S+) -->", lambda name: keys_table(name[1]), section)
    tables = re.findall(r"^\| key .*\n\|---.*\n((?:\|.*\n?)+)", full, re.MULTILINE)
    return [set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) for table in tables]


ESTIMATE = RatioEstimate(1, 1, 1, 1, 1, 1, 1, 1, 0)
BUILT: Mapping[str, psr.Sweep | psr.Stress | psr.Comparison | psr.Finalists] = {
    "finalize": psr.Finalists(Path("runs/mine"), Path("runs/final"), ()),
    "sweep": psr.Sweep(Path("costs.csv"), 1, 0, 0),
    "stress": psr.Stress("m", 2, "eager", "plain", "cpu", SustainedTimes(1, 1, 1, 6, ())),
    "compare": psr.Comparison("m", 2, "eager", "cpu", (ComparedModel("o", None, None, ESTIMATE),)),
}


@pytest.mark.parametrize("command", BUILT)
def test_keys_of_a_result(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BUILT[command].to_dict().keys() == documented(command, monkeypatch)[0]


def test_keys_of_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    values: Any = {
        column.name: column.choices[0] if column.choices else column.kind(1) for column in COLUMNS
    }
    profile = psr.Profile(
        **values, other_variants=(), compute_probe_ms=None, copy_probe_ms=None, device={}
    )
    top, *_ = documented("profile", monkeypatch)
    # Which the page says is no key.
    assert profile.to_dict().keys() == top - {"explanation"}


def test_keys_of_one_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    _, estimate = documented("compare", monkeypatch)
    (other,) = BUILT["compare"].to_dict()["others"]  # type: ignore[attr-defined]
    assert other.keys() == estimate | {"model", "first_variant", "variant", "verdict"}


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("heading", "arguments"),
    [
        ("init", ["init", "made.yaml"]),
        ("plot", ["plot", "runs/mine"]),
        ("table", ["table", "published:Set5:IMDN", "--scale", "4"]),
        ("pick", ["pick", "runs/mine"]),
        ("search and report", ["report", "runs/mine"]),
        ("evaluate", ["evaluate", "bicubic", "--scale", "2", "--data", "photos"]),
        ("sparsity", ["sparsity", "runs/mine:0", "--data", "photos"]),
        ("upscale", ["upscale", "bicubic", "photo.png", "large.png", "--scale", "2"]),
        (
            "train",
            [
                "train", "tiny.json", "--out", "trained", "--steps", "2", "--data", "photos",
                "--validation", "photos",
            ],
        ),
        (
            "compress",
            [
                "compress", "runs/mine:0", "--method", "prune", "--keep", "0.7", "--steps", "1",
                "--data", "photos", "--out", "small",
            ],
        ),
        ("export", ["export", "runs/mine:0", "--out", "net.onnx"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_keys_of_what_a_command_prints(
    heading: str,
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if heading == "export":
        pytest.importorskip("onnxruntime")
    Path("tiny.json").write_text(json.dumps(TINY), encoding="utf-8")
    assert run([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() == documented(heading, monkeypatch)[0]


@pytest.mark.usefixtures("workspace")
def test_keys_of_a_target(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["targets", "--json"]) == 0
    first, *_ = json.loads(capsys.readouterr().out)
    assert [first.keys()] == documented("targets", monkeypatch)


def test_every_command_has_a_section() -> None:
    import typer

    from paretosr.cli.app import app

    root: Any = typer.main.get_command(app)
    headings = set(re.findall(r"^## (.*)$", PAGE, re.MULTILINE))
    shown = {name for name, command in root.commands.items() if not command.hidden}
    assert {"search", "report"} | headings - {"search and report"} == shown
