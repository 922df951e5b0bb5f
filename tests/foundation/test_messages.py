"""Errors are one line of text."""

import pytest

from foundation.messages import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\n  lines\t", "two lines"),
        (ValueError("no\r\nsuch thing"), "no such thing"),
        (KeyError("a name"), "'a name'"),
        (MemoryError(), "MemoryError"),
        (OSError(" \n"), "OSError"),
        ("", ""),
    ],
)
def test_text_and_errors_fit_on_one_line(text: object, line: str) -> None:
    assert one_line(text) == line
