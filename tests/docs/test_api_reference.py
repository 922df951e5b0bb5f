"""Every public name is documented, on the page of the Python API too."""

import inspect
import re
from pathlib import Path

import pytest

import paretosr

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md"
FUNCTIONS = sorted(name for name in paretosr.__all__ if inspect.isfunction(getattr(paretosr, name)))


def test_the_page_lists_all_names_once() -> None:
    listed = re.findall(r"^::: paretosr\.(\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(paretosr.__all__)


@pytest.mark.parametrize("name", sorted(paretosr.__all__))
def test_it_has_a_docstring(name: str) -> None:
    text = getattr(paretosr, name).__doc__
    # What a dataclass without a docstring has begins with its own name.
    assert text and not text.startswith(f"{name}(")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_says_what_it_raises_and_has_an_example(name: str) -> None:
    function = getattr(paretosr, name)
    text = inspect.getdoc(function) or ""
    assert "\nExamples:\n" in text
    assert "\nRaises:\n" in text or name in ("catalogue", "targets")
