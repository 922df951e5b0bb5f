"""From an exception to the one line and the exit status that a user sees."""

import errno
import re
from dataclasses import dataclass

import typer

from foundation import one_line, was_interrupted
from foundation.memory import is_out_of_memory

BAD_INPUT = 2
FAILURE = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells report it

# What an operating system says when the machine, not the given path, is the problem.
_MACHINE_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)

_WHOLE_NUMBER = re.compile(r"Input should be a valid integer[^.]*")


@dataclass(frozen=True)
class Explanation:
    """One line without a trailing newline, and the exit status that goes with it."""

    line: str
    exit_status: int


def explain(error: BaseException) -> Explanation | None:
    """Return what to tell the user, or None for a defect, whose traceback is needed."""
    match error:
        case typer.TyperException():
            return Explanation(_plain(error.format_message()), error.exit_code)
        case KeyboardInterrupt():
            return Explanation(one_line(str(error)) or "interrupted", INTERRUPTED)
        case OSError():
            status = FAILURE if error.errno in _MACHINE_ERRNOS else BAD_INPUT
            return Explanation(_describe(error), status)
        case RuntimeError() if was_interrupted(error):
            return Explanation("interrupted", INTERRUPTED)
        case ValueError():
            return Explanation(one_line(error), BAD_INPUT)
        case RuntimeError() | MemoryError() if is_out_of_memory(error):
            return Explanation("out of memory", FAILURE)
        case RuntimeError():
            return Explanation(one_line(error), FAILURE)
        case _:
            return None


def _describe(error: OSError) -> str:
    if error.filename is None or error.strerror is None:
        return one_line(error)
    match error:
        case FileNotFoundError():
            return f"no such file: {error.filename}"
        case IsADirectoryError():
            return f"{error.filename} is a folder, where a file is needed"
        case FileExistsError() | NotADirectoryError():
            return f"{error.filename} is a file, where a folder is needed"
    return f"{error.filename}: {error.strerror}"


def _plain(message: str) -> str:
    """What typer says of an option, without the words of the library that checked it."""
    line = one_line(message).replace("Value error, ", "")
    return _WHOLE_NUMBER.sub("must be a whole number", line)
