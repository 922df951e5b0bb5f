"""A file is replaced wholly or not at all."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from foundation import (
    atomic_folder,
    atomic_path,
    write_bytes_atomically,
    write_text_atomically,
    writing,
)


def test_the_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.suffix == ".csv"
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_keeps_the_old_file_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="stop"), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("stop")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_written_as_utf8_and_readable_by_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    before = os.umask(0o027)
    try:
        write_text_atomically(path, "größer\n")
    finally:
        os.umask(before)
    assert path.read_bytes() == "größer\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_appears_with_all_its_files(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "new" / "exported"
    if is_there:
        path.mkdir(parents=True)
    before = os.umask(0o027)
    try:
        with atomic_folder(path) as temporary:
            (temporary / "one").write_text("1")
            (temporary / "two").write_text("2")
            assert not path.exists() or not list(path.iterdir())
    finally:
        os.umask(before)
    assert {file.name: file.read_text() for file in path.iterdir()} == {"one": "1", "two": "2"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_failed_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"), atomic_folder(tmp_path / "new") as temporary:
        (temporary / "half").write_text("half")
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.mkdir()
    (path / "notes.txt").write_text("mine")
    with pytest.raises(OSError), atomic_folder(path) as temporary:
        (temporary / "new").write_text("new")
    assert [file.name for file in path.iterdir()] == ["notes.txt"]
    assert list(tmp_path.iterdir()) == [path]


FilesUpTo = Callable[[int], AbstractContextManager[None]]


def test_a_full_disk_is_told_with_the_file(tmp_path: Path, files_up_to: FilesUpTo) -> None:
    path = tmp_path / "table.csv"
    write_text_atomically(path, "old")
    with files_up_to(1000), pytest.raises(OSError) as caught:
        write_bytes_atomically(path, bytes(5000))
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_with_the_folder(tmp_path: Path, files_up_to: FilesUpTo) -> None:
    path = tmp_path / "exported"
    with files_up_to(1000), pytest.raises(OSError) as caught, atomic_folder(path) as temporary:
        (temporary / "branch.onnx").write_bytes(bytes(5000))
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [atomic_path, atomic_folder])
def test_no_temporary_name_is_told(
    tmp_path: Path, make: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    path = tmp_path / "there"
    path.mkdir()
    (path / "notes.txt").touch()
    with pytest.raises(OSError) as caught, make(path):
        pass
    assert caught.value.filename == str(path)


def test_only_errors_without_a_name_get_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, writing(tmp_path / "new"):
        (tmp_path / "other").read_text()
    assert caught.value.filename == str(tmp_path / "other")
