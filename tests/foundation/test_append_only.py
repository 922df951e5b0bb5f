"""A file of lines survives a process that is killed at any byte of the last one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from foundation.append_only import append_line, cut_torn_line, whole_lines

FilesUpTo = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lines.txt"


@pytest.mark.parametrize("cut", range(1, len("größer\n".encode())))
def test_a_line_that_was_cut_anywhere_gives_way_to_the_next(path: Path, cut: int) -> None:
    path.write_bytes(b"first\n" + "größer\n".encode()[:cut])
    append_line(path, "second")
    assert path.read_text() == "first\nsecond\n"


def test_whole_lines_stay_and_what_was_cut_is_told(path: Path) -> None:
    path.write_text("first\nsec")
    assert whole_lines(path) == ["first"]
    assert path.read_text() == "first\nsec"
    assert cut_torn_line(path) == 3
    assert cut_torn_line(path) == 0
    assert path.read_text() == "first\n"


def test_only_a_newline_ends_a_line(path: Path) -> None:
    path.touch()
    append_line(path, "a\u2028b\x0cc")
    assert whole_lines(path) == ["a\u2028b\x0cc"]


def test_a_file_of_one_torn_line_becomes_empty(path: Path) -> None:
    path.write_text("half")
    assert (whole_lines(path), cut_torn_line(path), path.read_bytes()) == ([], 4, b"")


def test_a_full_disk_is_told_with_the_file(path: Path, files_up_to: FilesUpTo) -> None:
    path.write_text("first\n")
    with files_up_to(8), pytest.raises(OSError, match=f"File too large: '{path}'"):
        append_line(path, "second")
    append_line(path, "2nd")
    assert path.read_text() == "first\n2nd\n"
