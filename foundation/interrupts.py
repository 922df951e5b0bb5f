"""Telling an interrupt (Ctrl-C, SIGTERM) from an error, whatever a library made of it."""


def was_interrupted(error: BaseException) -> bool:
    """Whether a KeyboardInterrupt led to `error`.

    PyTorch answers one that comes while a dispatch mode begins or ends with a RuntimeError
    ("trying to pop from empty mode stack"), and works no more.
    """
    cause = error.__context__
    return isinstance(error, KeyboardInterrupt) or (cause is not None and was_interrupted(cause))


def raise_interrupt(error: BaseException) -> None:
    """End what would go on after `error`, where an interrupt led to it.

    Raises:
        KeyboardInterrupt: one led to `error`.
    """
    if was_interrupted(error):
        raise KeyboardInterrupt from error
