"""Files that arrive in pieces."""

import hashlib
import os
from pathlib import Path

import pytest

from profilers import ProfilingFailed
from profilers.agent.store import Store

CONTENT = b"a network"
NAME = f"{hashlib.sha256(CONTENT).hexdigest()}.onnx"


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.append(NAME, 9, b"") == 0
    assert store.append(NAME, 9, b"a net") == 5
    assert not store.path(NAME).exists()
    # Another process goes on with it.
    assert Store(tmp_path).append(NAME, 9, b"") == 5
    assert Store(tmp_path).append(NAME, 9, b"work") == 9
    assert store.path(NAME).read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_file_that_is_there_is_not_asked_for(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append(NAME, 9, CONTENT)
    assert store.append(NAME, 9, b"") == 9


def test_all_bytes_without_the_last_step_are_enough(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    assert Store(tmp_path).append(NAME, 9, b"") == 9
    assert (tmp_path / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("arrived", [b"a netwars", b"a network too long"])
def test_a_damaged_file_is_removed_and_can_be_sent_again(tmp_path: Path, arrived: bytes) -> None:
    store = Store(tmp_path)
    with pytest.raises(ProfilingFailed, match=r"\.onnx arrived damaged and was removed"):
        store.append(NAME, 9, arrived)
    assert store.append(NAME, 9, b"") == 0
    assert store.append(NAME, 9, CONTENT) == 9


def test_the_least_recently_used_leave_first(tmp_path: Path) -> None:
    contents = [b"first", b"other", b"third"]
    names = [f"{hashlib.sha256(content).hexdigest()}.npy" for content in contents]
    store = Store(tmp_path, limit_bytes=10)
    for second, (name, content) in enumerate(zip(names[:2], contents[:2], strict=True)):
        store.append(name, 5, content)
        os.utime(store.path(name), (second, second))
    store.append(names[0], 5, b"")  # used now
    store.append(names[2], 5, contents[2])
    assert {path.name for path in tmp_path.iterdir()} == {names[0], names[2]}
