"""The end of a pipe that answers; `json_process.py` is the one that asks."""

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from profilers.agent.serving.encoding import decode, encode
from profilers.agent.serving.messages import Answer, Ready, Stop


def serve(
    kind: Any, answer: Callable[[Any], Answer], stop: Callable[[], None] = lambda: None
) -> None:
    """Say that this process is ready, and answer requests of `kind` until standard input closes.

    `Stop` has no answer: it calls `stop`, while another request is being answered. Everything that
    a library prints goes to standard error instead of among the answers.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = claim_standard_output()
    _send(answers, Ready())
    for request in _requests(kind, stop):
        _send(answers, answer(request))


def claim_standard_output() -> BinaryIO:
    """Return a copy of standard output for answers, and redirect file descriptor 1 to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _send(answers: BinaryIO, answer: Answer) -> None:
    # Buffered: it continues a write to a full pipe that SIGSTOP has cut short.
    answers.write(encode(answer))
    answers.flush()


def _requests(kind: Any, stop: Callable[[], None]) -> Iterator[Any]:
    """Yield the parent's requests, read by a thread that ends this process when the parent dies."""
    received: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def read() -> None:
        try:
            for line in sys.stdin.buffer:
                request = decode(kind | Stop, line)
                if isinstance(request, Stop):
                    stop()
                else:
                    received.put(request)
        finally:  # the last line may have been cut
            os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield received.get()
