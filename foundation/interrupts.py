"""Telling interrupts (Ctrl-C, SIGTERM) from errors, even if a library turned one into the other."""


def was_interrupted(error: BaseException) -> bool:
    """Whether a KeyboardInterrupt led to `error`.

    If one arrives while a dispatch mode begins or ends, PyTorch raises a RuntimeError ("trying to
    pop from empty mode stack") and no longer works.
    """
    cause = error.__context__
    return isinstance(error, KeyboardInterrupt) or (cause is not None and was_interrupted(cause))


def raise_interrupt(error: BaseException) -> None:
    """Raise KeyboardInterrupt if an interrupt led to `error`, so that nothing goes on after it.

    Raises:
        KeyboardInterrupt: one led to `error`.
    """
    if was_interrupted(error):
        raise KeyboardInterrupt from error
