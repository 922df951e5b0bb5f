"""Folders that are kept alike by the changes of one of them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation import write_bytes_atomically
from search.workers.folder_copy import Files, WatchedFolder

NAMES = st.sampled_from(["a", "b", "deep/a", "deep/er/b"])
CHANGES = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=3)), max_size=6)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@settings(max_examples=25)
@given(st.lists(CHANGES, max_size=3))
def test_whoever_applies_all_changes_has_the_same_files(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, bytes | None]]]
) -> None:
    root = tmp_path_factory.mktemp("both")
    here, there = root / "here", root / "there"
    watched = WatchedFolder(here)
    for changes in rounds:
        for name, content in changes:
            if content is None:
                (here / name).unlink(missing_ok=True)
            else:
                write_bytes_atomically(here / name, content)
        watched.changes().apply(there)
        assert contents(there) == contents(here)
        assert not watched.changes()
    assert Files.of(here, here).written == contents(here)


def test_files_are_written_again_in_the_order_of_their_writing(tmp_path: Path) -> None:
    watched = WatchedFolder(tmp_path)
    for name in ("state", "model", "all"):
        write_bytes_atomically(tmp_path / name, b"1")
    write_bytes_atomically(tmp_path / "state", b"2")
    assert list(watched.changes().written) == ["model", "all", "state"]
    assert list(Files.of(tmp_path, tmp_path).written) == ["model", "all", "state"]


def test_what_a_folder_is_replaced_by_is_no_change(tmp_path: Path) -> None:
    watched = WatchedFolder(tmp_path)
    write_bytes_atomically(tmp_path / "old", b"")
    watched.replace(Files({"new/model": b"1", "other": b"2"}))
    assert contents(tmp_path) == {"new/model": b"1", "other": b"2"}
    assert not watched.changes()
    (tmp_path / "other").unlink()
    assert watched.changes() == Files(removed=("other",))


def test_the_files_below_a_folder_have_paths_inside_the_root(tmp_path: Path) -> None:
    for name in ("x/seed-0/model", "y/model"):
        write_bytes_atomically(tmp_path / name, b"")
    assert Files.of(tmp_path, tmp_path / "x") == Files({"x/seed-0/model": b""})
    assert not Files.of(tmp_path, tmp_path / "nothing")
