"""The other end of `json_process.py`: lines of JSON in, lines of JSON out."""

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from profilers.agent.service import Answer, Message


def serve(answer: Callable[[Message], Answer], stop: Callable[[], None] = lambda: None) -> None:
    """Say that this process is ready, and answer until standard input closes.

    The message "stop" has no answer: it calls `stop`, while another message is being answered.
    Everything that a library prints goes to standard error instead of among the answers.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = claim_standard_output()
    _send(answers, {"ready": True})
    for message in _messages(stop):
        _send(answers, answer(message))


def claim_standard_output() -> BinaryIO:
    """Keep the pipe for answers and point file descriptor 1 at standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _send(answers: BinaryIO, answer: Answer) -> None:
    # Buffered, for that goes on after SIGSTOP has cut a write to the full pipe short.
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _messages(stop: Callable[[], None]) -> Iterator[Message]:
    """Yield the parent's messages; a thread reads them, to notice its death in mid-measurement."""
    received: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def read() -> None:
        try:
            for line in sys.stdin.buffer:
                message = json.loads(line)
                if message["do"] == "stop":
                    stop()
                else:
                    received.put(message)
        finally:  # the last line may have been cut
            os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield received.get()
