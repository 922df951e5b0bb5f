"""The error of networks that cannot become a program."""


class ExportFailed(RuntimeError):  # noqa: N818 - the name says what happened
    """A program could not be made of a network; the message is one line with the reason."""
