"""The README keeps its first lines, its length and its links; tests/docs runs its blocks."""

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")
LINKS = re.findall(r"\]\(([^)#:]+)\)", TEXT)


def test_it_begins_with_the_two_commands() -> None:
    first = [line for line in TEXT.splitlines() if line and not line.startswith("#")][:2]
    assert ["`make search`" in first[0], "`make test`" in first[1]] == [True, True]


def test_it_is_short_enough_to_be_read() -> None:
    assert len(TEXT.splitlines()) <= 150


@pytest.mark.parametrize("link", LINKS)
def test_its_links_lead_somewhere(link: str) -> None:
    assert (README.parent / link).exists()


def test_it_shows_a_figure_and_says_where_the_documentation_is() -> None:
    assert {"docs/images/quickstart.png", "docs/tutorial.md"} <= set(LINKS)


def test_what_is_untested_stands_above_the_fold() -> None:
    assert TEXT.index("CUDA is untested") < TEXT.index("## The three jobs")
