"""Files that grow line by line, of which a process that is killed leaves the last line torn."""

import os
from pathlib import Path

from foundation.atomic import writing


def whole_lines(path: Path) -> list[str]:
    """Return the lines of a file in UTF-8, without their ends; a torn last one is left out.

    Raises:
        UnicodeDecodeError: it is not in UTF-8.
        OSError: it cannot be read.
    """
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def cut_torn_line(path: Path) -> int:
    """Cut a last line without an end off the file, and return how many bytes it had.

    Otherwise the next line would be glued to it, and neither could be read.

    Raises:
        OSError: the file cannot be read or written; the error names it.
    """
    content = path.read_bytes()
    whole_bytes = content.rfind(b"\n") + 1
    torn_bytes = len(content) - whole_bytes
    if torn_bytes:
        with writing(path), path.open("rb+") as file:
            file.truncate(whole_bytes)
            os.fsync(file.fileno())
    return torn_bytes


def append_line(path: Path, line: str) -> None:
    """Add `line` to the file, in place of a torn one; it is on the disk when this returns.

    Raises:
        OSError: the file cannot be written; the error names it.
    """
    cut_torn_line(path)
    with writing(path), path.open("ab") as file:
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
