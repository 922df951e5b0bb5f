"""The journal after every kind of death of its writer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from search.journal import check_journal, exclusive, repair_journal

WHOLE = b'{"op_code":0}\n{"op_code":4}\n'


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "study.journal"
    path.write_bytes(WHOLE)
    return path


def test_a_whole_journal_is_left_alone(journal: Path) -> None:
    assert repair_journal(journal) == []
    assert journal.read_bytes() == WHOLE


def test_a_missing_journal_needs_no_repair(tmp_path: Path) -> None:
    assert repair_journal(tmp_path / "study.journal") == []


@pytest.mark.parametrize("torn", [b"{", b'{"op_code":5,"trial', b"\x00\x00\x00", b'{"op_code":4}'])
def test_an_unterminated_last_line_is_cut_off(journal: Path, torn: bytes) -> None:
    journal.write_bytes(WHOLE + torn)
    (notice,) = repair_journal(journal)
    assert f"{len(torn)} bytes" in notice
    assert journal.read_bytes() == WHOLE


def test_a_journal_of_one_torn_line_becomes_empty(journal: Path) -> None:
    journal.write_bytes(b'{"op')
    repair_journal(journal)
    assert journal.read_bytes() == b""


def test_a_leftover_lock_is_removed(journal: Path) -> None:
    lock = journal.with_name("study.journal.lock")
    os.symlink("study.journal", lock)
    (notice,) = repair_journal(journal)
    assert "study.journal.lock" in notice
    assert not lock.is_symlink()


@pytest.mark.parametrize("corrupt", [b"}{\n", b"[1]\n", b"\n", b"\xff\xfe\n"])
def test_corruption_elsewhere_is_named_and_nothing_is_changed(
    journal: Path, corrupt: bytes
) -> None:
    damaged = b'{"op_code":0}\n' + corrupt + b'{"op_code":4}\n{"torn'
    journal.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"line 2 is corrupt"):
        repair_journal(journal)
    with pytest.raises(ValueError, match=r"line 2 is corrupt"):
        check_journal(journal)
    assert journal.read_bytes() == damaged


def test_only_one_process_holds_a_run_directory(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from search.journal import exclusive\n"
        "with exclusive(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match="one search at a time"), exclusive(tmp_path):
            pass
        holder.kill()
        holder.wait()
        with exclusive(tmp_path):
            pass
