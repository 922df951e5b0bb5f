"""The generated parts of the reference hold what the code has: docs/scripts."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from paretosr.cli.app import app
from reports.records import COLUMNS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _scripts_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "scripts"), *sys.path])


def test_every_command_has_a_section_with_all_its_options() -> None:
    from commands import commands_page

    page = commands_page()
    sections = dict(
        re.findall(r"^## ([\w-]+) .*?$(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    )
    root: Any = typer.main.get_command(app)
    shown = {name: one for name, one in root.commands.items() if not one.hidden}
    assert sections.keys() == shown.keys()
    for name, command in shown.items():
        options = {
            opt for one in command.params if not getattr(one, "hidden", False) for opt in one.opts
        }
        missing = {opt for opt in options - {"--help"} if opt.startswith("--")} - set(
            re.findall(r"--[\w-]+", sections[name])
        )
        assert missing == set(), name


def test_an_indented_example_keeps_its_lines() -> None:
    from commands import commands_page

    assert "```text\nparetosr targets\n" in commands_page()


def test_every_column_of_a_trial_has_a_row() -> None:
    from schemas import columns_table

    rows = re.findall(r"^\| `(\w+)` \|", columns_table(), re.MULTILINE)
    assert rows == [column.name for column in COLUMNS]


def test_every_key_of_the_quickstart_config_has_a_row() -> None:
    from schemas import config_table

    config = yaml.safe_load((ROOT / "examples" / "quickstart.yaml").read_text(encoding="utf-8"))
    rows = set(re.findall(r"^\| `([\w.]+)` \|", config_table(), re.MULTILINE))
    for name, value in config.items():
        if name in ("data", "training", "budget"):
            assert {f"{name}.{key}" for key in value} <= rows
        else:
            assert name in rows


def test_every_hyperparameter_of_a_family_is_listed_with_its_default_range() -> None:
    from schemas import families_tables

    page = families_tables()
    assert "### `splitsr`" in page
    assert "| `split_ratio` | `[0.125, 0.25, 0.5, 1.0]` |" in page
    assert "| `hybrid_index` | `{low: 0, high: 6, step: 1}` |" in page
