"""Silencing the log lines and warnings of other libraries."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Suppress log lines below errors, and warnings of deprecations.

    Exporters warn of deprecations inside PyTorch, of absent GPUs and of libraries not installed.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logging.disable(disabled)


@contextmanager
def silent_libraries() -> Iterator[None]:
    """Suppress what `quiet_libraries` does, and progress that a library prints."""
    with quiet_libraries(), redirect_stdout(io.StringIO()):
        yield
