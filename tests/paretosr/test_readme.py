"""What the README tells people to type exists."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from search.config import SearchConfig

README = Path(__file__).resolve().parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")
# A backslash continues a command on the next line.
COMMANDS = re.findall(r"^paretosr .+?(?= +#|$)", TEXT.replace("\\\n", " "), re.MULTILINE)


def test_it_begins_with_the_two_commands() -> None:
    first = [line for line in TEXT.splitlines() if line and not line.startswith("#")][:2]
    assert ["`make search`" in first[0], "`make test`" in first[1]] == [True, True]


def test_its_search_config_is_valid() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    config = SearchConfig.model_validate(yaml.safe_load(block))
    assert [space.family for space in config.families.searched()] == ["splitsr", "seemore"]


def test_there_are_commands_to_test() -> None:
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("line", COMMANDS)
def test_its_commands_and_options_exist(cli: Callable[..., Any], line: str) -> None:
    _, command, *arguments = shlex.split(line)
    completed = cli(command, "--help")
    assert completed.status == 0
    for option in (argument for argument in arguments if argument.startswith("--")):
        assert re.search(rf"^  {option} ", completed.out, re.MULTILINE)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", TEXT))
def test_its_links_lead_somewhere(link: str) -> None:
    assert (README.parent / link).exists()
