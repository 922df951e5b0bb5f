"""Errors of measurements."""


class ProfilingFailed(RuntimeError):  # noqa: N818 - the name says what happened
    """A measurement could not be made; the message is one line with the reason."""


def reason_of(error: Exception) -> str:
    """Return an error in one line, after its type unless it is a `ProfilingFailed`."""
    line = one_line(error)
    return line if isinstance(error, ProfilingFailed) else f"{type(error).__name__}: {line}"


def one_line(text: object) -> str:
    """Return `text`, such as an error, with every run of white space as one space.

    Like the function in foundation/messages.py, which is not shipped to other machines.
    """
    return " ".join(str(text).split())
