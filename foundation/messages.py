"""Text on one line, whatever a library wrote; choices in a sentence."""

from collections.abc import Sequence


def one_line(text: object) -> str:
    """Return `text` or an error's message with every run of white space as one space.

    Of an error without a message, what kind of error it is.
    """
    line = " ".join(str(text).split())
    return type(text).__name__ if isinstance(text, BaseException) and not line else line


def alternatives(choices: Sequence[str]) -> str:
    """Return the choices as a sentence names them: "a, b or c"."""
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last
