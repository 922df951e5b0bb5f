"""Text on one line, whatever a library wrote."""


def one_line(text: object) -> str:
    """Return `text` or an error's message with every run of white space as one space.

    Of an error without a message, what kind of error it is.
    """
    line = " ".join(str(text).split())
    return type(text).__name__ if isinstance(text, BaseException) and not line else line
