"""The journal after every kind of death of its writer."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from search.sampler import ReproducibleSampler
from search.storage.journal import check_journal, exclusive, repair_journal
from search.storage.run_directory import RunDirectory
from search.storage.study import SearchStudy

WHOLE = b'{"op_code":0}\n{"op_code":4}\n'


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "study.journal"
    path.write_bytes(WHOLE)
    return path


def test_a_whole_journal_is_left_alone(journal: Path) -> None:
    assert repair_journal(journal) is None
    assert journal.read_bytes() == WHOLE


def test_a_missing_journal_needs_no_repair(tmp_path: Path) -> None:
    assert repair_journal(tmp_path / "study.journal") is None


@pytest.mark.parametrize("torn", [b"{", b'{"op_code":5,"trial', b"\x00\x00\x00", b'{"op_code":4}'])
def test_an_unterminated_last_line_is_cut_off(journal: Path, torn: bytes) -> None:
    journal.write_bytes(WHOLE + torn)
    assert f"{len(torn)} bytes" in str(repair_journal(journal))
    assert journal.read_bytes() == WHOLE


def test_a_journal_of_one_torn_line_becomes_empty(journal: Path) -> None:
    journal.write_bytes(b'{"op')
    repair_journal(journal)
    assert journal.read_bytes() == b""


# Between `open` and its `with` nobody closes the file yet.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io:pytest.PytestUnraisableExceptionWarning"
)
def test_an_interrupt_anywhere_in_a_write_stays_one_and_leaves_the_journal_whole(
    tmp_path: Path,
) -> None:
    for instruction in count(1):
        run = RunDirectory(tmp_path / str(instruction))
        run.path.mkdir()
        study = open_study(run)
        try:
            with interrupted_at(instruction, where="optuna/storages/journal/_file.py"):
                study.enqueue([{"channels": 7}])
        except KeyboardInterrupt:
            assert repair_journal(run.journal) is None
            study = open_study(run)
            study.enqueue([{"channels": 7}])
            assert study.next_proposal().suggest_int("channels", 1, 1000) == 7
            assert study.next_proposal().suggest_int("channels", 1, 1000) != 7
        else:
            break
    assert instruction > 50


def open_study(run: RunDirectory) -> SearchStudy:
    return SearchStudy(run, ["psnr_y_db", "macs"], ReproducibleSampler("random", 0, 4))


@contextmanager
def interrupted_at(instruction: int, *, where: str) -> Iterator[None]:
    """A Ctrl-C before the n-th instruction that Python executes in one file."""
    executed = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal executed
        if not frame.f_code.co_filename.endswith(where):
            return None
        frame.f_trace_opcodes = True
        executed += event == "opcode"
        if executed == instruction:
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)


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
