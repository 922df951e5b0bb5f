"""What a user sees of work in progress, on a terminal, in a log and beside JSON."""

import os
import pty
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr

import pytest

from paretosr.cli import listener as listening
from paretosr.cli.listener import TerminalListener


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(listening, "time", clock)
    return clock


@pytest.mark.parametrize("silent", [True, False])
def test_short_work_says_nothing_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], silent: bool
) -> None:
    with TerminalListener(silent=silent) as listener:
        listener.status("timing")
        listener.progress(1, 2, "loss 0.1")
    assert capsys.readouterr() == ("", "")


def test_a_warning_is_a_note_on_standard_error_always(capsys: pytest.CaptureFixture[str]) -> None:
    long = "the machine is noisy " * 20
    for silent in (True, False):
        with TerminalListener(silent=silent) as listener:
            listener.warning(long)
        assert capsys.readouterr() == ("", f"note: {long}\n")


def test_long_work_leaves_a_line_a_minute_in_a_log(
    capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    with TerminalListener() as listener:
        listener.status("profiling")
        for done in range(5):
            listener.progress(done, 40, f"network {done}")
            clock.seconds += 30
    assert capsys.readouterr().err.splitlines() == [
        # 60 s for 2 of 40, so 19 times as long for the rest.
        "profiling: 2 of 40, about 0:19:00 left, network 2",
        "profiling: 4 of 40, about 0:18:00 left, network 4",
    ]


def test_work_that_goes_on_is_judged_by_what_this_call_has_done(
    capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    with TerminalListener() as listener:
        listener.status("training")
        for done in (900, 910):
            listener.progress(done, 1000)
            clock.seconds += 60
        listener.progress(920, 1000)
    assert capsys.readouterr().err.splitlines() == [
        # 60 s for 10 of the 90 that were left.
        "training: 910 of 1000, about 0:09:00 left",
        "training: 920 of 1000, about 0:08:00 left",
    ]


@contextmanager
def terminal() -> Iterator[Callable[[str], str]]:
    """Makes standard error a terminal; yields what waits for a text there, and returns all of it.

    It is what was drawn since the last call.
    """
    ours, theirs = pty.openpty()
    # Not by a fixture: pytest sets standard error anew when the test itself begins.
    with os.fdopen(theirs, "w", encoding="utf-8") as stream, redirect_stderr(stream):

        def drawn(expected: str) -> str:
            stream.flush()
            text = ""
            while expected not in text and select.select([ours], [], [], 10)[0]:
                text += os.read(ours, 100_000).decode()
            return text

        yield drawn
    os.close(ours)


def test_a_terminal_shows_a_bar_and_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with terminal() as drawn, TerminalListener() as listener:
        listener.status("timing")
        assert "timing" in drawn("timing")
        listener.status("enlarging")
        listener.progress(3, 3, "the last one")
        bar = drawn("the last one")
    assert "enlarging" in bar
    assert "3/3" in bar
    assert "the last one" in bar


def test_beside_json_a_terminal_stays_empty() -> None:
    with terminal() as drawn:
        with TerminalListener(silent=True) as listener:
            listener.status("timing")
            listener.progress(1, 1)
            listener.warning("at last")
        assert drawn("at last\r\n") == "note: at last\r\n"
