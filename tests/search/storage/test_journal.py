"""The journal after every kind of death of its writer.

Covers search.storage.run_directory and search.storage.study.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from reports.records import TrialRecord
from search.sampler import ReproducibleSampler
from search.storage.journal import check_journal, exclusive, repair_journal
from search.storage.run_directory import RunDirectory
from search.storage.study import SearchStudy, Verdict


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Of a study with a baseline and one finished trial of one hyperparameter."""
    run = RunDirectory(tmp_path)
    study = open_study(run)
    study.baseline = TrialRecord(
        trial=None, arch_id="b", family="bicubic", scale=2, state="trained"
    )
    proposal = study.next_proposal()
    proposal.suggest_int("channels", 1, 8)
    record = TrialRecord(trial=0, arch_id="a", family="smsr", scale=2, state="trained")
    study.tell(proposal, record, Verdict((30.0, 1.0), {"macs": -0.5}))
    return run.journal


def test_a_whole_journal_is_left_alone(journal: Path) -> None:
    whole = journal.read_bytes()
    assert repair_journal(journal) is None
    assert journal.read_bytes() == whole


def test_a_missing_journal_needs_no_repair(tmp_path: Path) -> None:
    assert repair_journal(tmp_path / "study.journal") is None


@pytest.mark.parametrize("torn", [b"{", b'{"op_code":5,"trial', b"\x00\x00\x00", b'{"op_code":4}'])
def test_an_unterminated_last_line_is_cut_off(journal: Path, torn: bytes) -> None:
    whole = journal.read_bytes()
    journal.write_bytes(whole + torn)
    assert f"{len(torn)} bytes" in str(repair_journal(journal))
    assert journal.read_bytes() == whole


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


def assert_refused(journal: Path, line: int) -> str:
    """Both readers name the line in one sentence and change nothing; returns the sentence."""
    damaged = journal.read_bytes()
    messages = []
    for read in (repair_journal, check_journal):
        with pytest.raises(ValueError, match=rf"{journal}.* line {line} is corrupt") as caught:
            read(journal)
        messages.append(str(caught.value))
    assert journal.read_bytes() == damaged
    assert messages[0] == messages[1]
    assert "\n" not in messages[0]
    return messages[0]


@pytest.mark.parametrize(
    "corrupt",
    [b"}{", b"[1]", b"", b"\xff\xfe", b"42", b"null", b'"op_code"', b"{}", b'{"a":1}',
     b'{"op_code":0}', b'{"op_code":4}', b'{"op_code":99}', b'{"op_code":true,"study_id":0}',
     b'{"op_code":1,"study_id":0}', b"[" * 100_000,
     b'{"op_code":0,"worker_id":"w","study_name":"other","directions":[1]}',
     b'{"op_code":4,"worker_id":"w","study_id":7,"datetime_start":null}',
     b'{"op_code":5,"worker_id":"w","trial_id":0}',
     b'{"op_code":6,"worker_id":"w","trial_id":"x","state":1,"values":null}',
     b'{"op_code":8,"worker_id":"w","trial_id":0,"user_attr":{"record":{"trial":0}}}',
     b'{"op_code":8,"worker_id":"w","trial_id":0,"user_attr":{"rung:500":{"steps":500}}}',
     b'{"op_code":2,"worker_id":"w","study_id":0,"user_attr":{"ladder":3}}',
     b'{"op_code":2,"worker_id":"w","study_id":0,"user_attr":{"warm_start":[3]}}',
     b'{"op_code":2,"worker_id":"w","study_id":0,"user_attr":{"preparation_seconds":"long"}}',
     b'{"op_code":2,"worker_id":"w","study_id":0,"study_id":0,"user_attr":{"a":1}}'],
)  # fmt: skip
def test_a_line_that_is_no_record_is_named_and_nothing_is_changed(
    journal: Path, corrupt: bytes
) -> None:
    lines = journal.read_bytes().splitlines()
    created = next(n for n, line in enumerate(lines) if json.loads(line)["op_code"] == 4)
    lines.insert(created + 1, corrupt)
    journal.write_bytes(b"\n".join(lines) + b'\n{"torn')
    assert_refused(journal, created + 2)


def test_every_record_needs_each_of_its_fields(journal: Path) -> None:
    """Also those that Optuna passes over in silence where they are wrong."""
    lines = journal.read_bytes().splitlines(keepends=True)
    needed = {"op_code", "study_name", "directions", "study_id", "trial_id", "user_attr",
              "system_attr", "param_name", "param_value_internal", "distribution", "state",
              "values", "datetime_start", "datetime_complete"}  # fmt: skip
    for number, line in enumerate(lines):
        for field in json.loads(line).keys() & needed:
            record = json.loads(line)
            del record[field]
            damaged = [*lines[:number], json.dumps(record).encode() + b"\n", *lines[number + 1 :]]
            journal.write_bytes(b"".join(damaged))
            assert_refused(journal, number + 1)


def test_a_lost_line_is_missed_where_another_needs_it(journal: Path) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    operations = [json.loads(line)["op_code"] for line in lines]
    trial = operations.index(4)
    journal.write_bytes(b"".join(lines[:trial] + lines[trial + 1 :]))
    assert "no line before it creates its trial_id 0" in assert_refused(journal, trial + 1)
    journal.write_bytes(b"".join(lines[1:]))
    assert "no line before it creates its study_id 0" in assert_refused(journal, 1)


@pytest.mark.parametrize("binary", [b"\x00" * 100, b"\x89PNG\r\x1a", b"PK\x03\x04", b"op_code"])
def test_a_file_of_another_kind_is_not_taken_for_a_torn_line(journal: Path, binary: bytes) -> None:
    journal.write_bytes(binary)
    assert_refused(journal, 1)


def test_only_one_process_holds_a_run_directory(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from search.storage.journal import exclusive\n"
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
