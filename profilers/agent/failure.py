"""The error of measurements that could not be made."""


class ProfilingFailed(RuntimeError):  # noqa: N818 - the name says what happened
    """A measurement could not be made; the message is one line with the reason."""


def reason_of(error: Exception) -> str:
    """Return an error in one line; what kind of error it is, where it does not say so itself."""
    line = one_line(error)
    return line if isinstance(error, ProfilingFailed) else f"{type(error).__name__}: {line}"


def one_line(text: object) -> str:
    """Return `text`, such as an error, with every run of white space as one space.

    As in foundation/messages.py, which other machines do not get.
    """
    return " ".join(str(text).split())
