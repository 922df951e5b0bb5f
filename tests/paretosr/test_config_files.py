"""Example configs by their names, and the config that `paretosr init` writes.

Covers paretosr.cli.commands.init too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import paretosr as psr
from paretosr.config_files import bundled_configs, find_config
from search.config import load_search_config

QUICKSTART = Path(__file__).resolve().parents[2] / "examples" / "quickstart.yaml"


def test_examples_are_found_by_their_names_and_files_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("quickstart").read_bytes() == QUICKSTART.read_bytes()
    Path("quickstart").write_text("scale: 3")
    assert find_config("quickstart") == Path("quickstart")
    assert find_config("quickstart.yaml") == Path("quickstart.yaml")  # absent, as its reader says


@pytest.mark.parametrize("name", bundled_configs())
def test_every_example_is_a_valid_config(name: str) -> None:
    load_search_config(find_config(name))


def test_an_unknown_name_is_told_the_examples(cli: Callable[..., Any]) -> None:
    completed = cli("search", "quickstrat")
    assert (completed.status, completed.out) == (2, "")
    assert completed.err.count("\n") == 1
    assert "no such config: quickstrat" in completed.err and "quickstart" in completed.err


def test_a_new_config_is_the_quickstarts_with_its_comments(tmp_path: Path) -> None:
    path = psr.write_config(tmp_path / "mine.yaml")
    assert yaml.safe_load(path.read_text()) == yaml.safe_load(QUICKSTART.read_text())
    written, template = path.read_text().splitlines(), QUICKSTART.read_text().splitlines()
    assert written[0] == f"# A search config: paretosr search {path}"
    assert written[1:] == template[2:]


def test_target_and_bounds_are_those_given_and_nothing_else_changes(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    bounds = ["--bound", "latency_ms=20", "--bound", "psnr_y_db=31.5"]
    completed = cli("init", path, "--target", "eager:threads=2,lr=32x48", *bounds, "--json")
    assert (completed.status, completed.json) == (0, {"config": str(path)})
    template = yaml.safe_load(QUICKSTART.read_text())
    assert yaml.safe_load(path.read_text()) == {
        **template,
        "target": "eager:threads=2,lr=32x48",
        # The most of a cost, the least of a quality.
        "constraints": {"latency_ms": {"max": 20.0}, "psnr_y_db": {"min": 31.5}},
    }
    assert path.read_text().count("#") >= QUICKSTART.read_text().count("#") - 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "egaer"], "did you mean 'eager'"),
        (["--target", "eager\nseed: 3"], "key=value, got ' 3'"),
        (["--bound", "latency=20"], "an objective must be one of"),
        (["--bound", "latency_ms"], "--bound must be COLUMN=VALUE, such as latency_ms=20, got"),
        (["--bound", "latency_ms=fast"], "got 'latency_ms=fast'"),
        (["--bound", "latency_ms=nan"], "finite"),
        (["--bound", "macs=1", "--bound", "macs=2"], "--bound macs must be given once"),
    ],
)
def test_what_makes_no_config_is_one_line_and_writes_nothing(
    cli: Callable[..., Any], tmp_path: Path, options: list[str], message: str
) -> None:
    completed = cli("init", tmp_path / "mine.yaml", *options)
    assert (completed.status, completed.out) == (2, "")
    assert completed.err.count("\n") == 1
    assert message in completed.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_replaced(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("my own")
    completed = cli("init", path)
    assert completed.status == 2
    assert f"{path} exists" in completed.err
    assert path.read_text() == "my own"
