"""What the documentation tells people to type works.

Blocks of `python`, `console` and `yaml` run, page by page from top to bottom, in a folder that
holds what they name. A block below a comment `long` or `hardware` does not run, but the commands
and options in it exist.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from paretosr.cli.app import app, run
from search.config import SearchConfig

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

LANGUAGES = {"python", "console", "yaml", "text"}
FENCE = re.compile(r"^[ \t]*```([^`\n]+)\n(.*?)^[ \t]*```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!-- ([\w-]+) -->\s*\Z")


def typed(block: str) -> list[list[str]]:
    """The commands of a block as lists of words, without comments and prompts."""
    lines = block.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def run_console(example: Example) -> str | None:
    """Run each line, in this process; return what went wrong."""
    for words in typed(example.parsed):
        if words[0] != "paretosr":
            return f"only paretosr can run here, not {words[0]!r}: mark the block as long"
        if status := run(words[1:]):
            return f"{shlex.join(words)} ended with exit status {status}"
    return None


def mark_of(example: Example) -> str | None:
    """The comment right above a block: why it does not run."""
    comment = COMMENT.search(example.document.text[: example.start])
    return comment and comment[1]


def check_yaml(example: Example) -> str | None:
    """Check the keys of a search config, or of a part of one; return what is wrong."""
    complete = {
        "scale": 2,
        "families": {"seemore": {}},
        "objectives": ["psnr_y_db", "latency_ms"],
        "budget": {"trials": 1},
    }
    SearchConfig.model_validate({**complete, **yaml.safe_load(example.parsed)})
    return None


SYBIL = Sybil(
    parsers=[
        PythonCodeBlockParser(),
        CodeBlockParser("console", run_console),
        CodeBlockParser("yaml", check_yaml),
    ],
    path=str(ROOT),
)


# Python functions warn of other work on the machine beside what they time.
@pytest.mark.filterwarnings(
    "ignore:other work disturbs this machine:foundation.listener.ParetoSRWarning"
)
@pytest.mark.parametrize("page", PAGES, ids=NAMES)
@pytest.mark.usefixtures("workspace")
def test_its_blocks_run(page: Path) -> None:
    for example in SYBIL.parse(page).examples():
        if mark_of(example) is None:
            example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_its_blocks_have_a_language_and_a_mark_that_is_known(page: Path) -> None:
    languages = {language for language, _ in FENCE.findall(page.read_text(encoding="utf-8"))}
    assert languages <= LANGUAGES
    marks = {mark_of(example) for example in SYBIL.parse(page).examples()}
    assert marks <= {None, "long", "hardware"}


def options(command: str) -> set[str]:
    """The options of a command."""
    commands: Any = typer.main.get_command(app)
    return {name for one in commands.commands[command].params for name in one.opts}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_its_commands_and_options_exist(page: Path) -> None:
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    commands = [words for kind, block in blocks if kind == "console" for words in typed(block)]
    for words in commands:
        if "paretosr" in words[:5]:
            spoken = words[words.index("paretosr") + 1 :]
            name, *arguments = spoken[2:] if spoken[0] == "--plugin" else spoken
            used = {word for word in arguments if word.startswith("--")}
            assert used <= options(name), shlex.join(words)


def test_there_are_commands_and_blocks_to_test() -> None:
    examples = [example for page in PAGES for example in SYBIL.parse(page).examples()]
    assert len(examples) >= 20
