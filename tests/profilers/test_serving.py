"""Real processes at the other end of a pipe."""

import os
import signal
import subprocess
import sys
import time

import pytest

from profilers.json_process import JsonProcess

LONG = 2_000_000
"""Bytes of an answer: many times what a pipe holds."""


def is_stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


@pytest.mark.skipif(sys.platform != "linux", reason="states of processes are read from Linux")
def test_an_answer_that_is_stopped_midway_arrives_whole() -> None:
    program = f"from profilers.serving import serve; serve(lambda _: dict(text='x' * {LONG}))"
    process = JsonProcess([sys.executable, "-c", program], {})
    try:
        assert process.receive(60) == {"ready": True}
        process.send({"do": "anything"})
        while not process.has_answered():
            time.sleep(0.01)
        for _ in range(3):  # in the middle of a write, since nobody reads
            os.kill(process.pid, signal.SIGSTOP)
            while not is_stopped(process.pid):
                time.sleep(0.001)
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.05)
        assert process.receive(60) == {"text": "x" * LONG}
    finally:
        process.end()


def test_what_a_library_prints_does_not_reach_the_answers() -> None:
    program = (
        "import os\n"
        "from profilers.serving import claim_standard_output\n"
        "answers = claim_standard_output()\n"
        "print('a library', flush=True)\n"
        "os.write(1, b'a library in C')\n"
        "answers.write(b'answer')\n"
        "answers.flush()\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert finished.stdout == b"answer"
