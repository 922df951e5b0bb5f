"""A process that answers requests, both in lines of JSON."""

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Generic, TypeVar, cast

from profilers.agent.serving.encoding import decode, encode
from profilers.agent.serving.messages import Answer

A = TypeVar("A")

END_SECONDS = 5.0
STDERR_TAIL_BYTES = 2000


class ProcessEndedError(Exception):
    """The process ended before it answered.

    Attributes:
        status: its exit status, or the number of the signal that killed it, negative.
        last_words: the last line that it wrote to standard error; may be empty.
    """

    def __init__(self, status: int, last_words: str) -> None:
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        super().__init__(f"the process died ({how})" + (f": {last_words}" if last_words else ""))
        self.status = status
        self.last_words = last_words


class JsonProcess(Generic[A]):
    """One started process and its pipes, whose answers are of type `answers`.

    `server.py` is the other end of one that measures. Every method but `wait` and `end` raises
    ProcessEndedError if the process is gone.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], answers: Any = Answer
    ) -> None:
        self._answers = answers
        self._unread = b""
        self._stderr: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
            env={**os.environ, **environment},
            # Ctrl-C in the terminal is for the search, which then closes this process.
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("the process was started without pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self.pid = self._process.pid

    def send(self, request: object) -> None:
        """Send a request, one of the dataclasses of `messages`."""
        self.send_bytes(encode(request))

    def send_bytes(self, content: bytes) -> None:
        """Send `content` as it is."""
        unsent = memoryview(content)
        try:
            while unsent:
                unsent = unsent[self._stdin.write(unsent) :]
        except BrokenPipeError:
            raise self._ended() from None

    def receive(
        self,
        timeout_seconds: float | None = None,
        on_wait: Callable[[float], object] | None = None,
    ) -> A:
        """Return the next answer, or wait for it without end if there is no timeout.

        `on_wait` hears every second for how long it has taken.

        Raises:
            TimeoutError: there was none in time.
            NotAMessageError: something else was written.
        """
        began = time.monotonic()
        while b"\n" not in self._unread:
            passed = time.monotonic() - began
            remaining = None if timeout_seconds is None else max(0.0, timeout_seconds - passed)
            waits = remaining
            if on_wait is not None:
                waits = 1.0 if remaining is None else min(1.0, remaining)
            if not select.select([self._stdout], [], [], waits)[0]:
                if on_wait is None or waits == remaining:
                    raise TimeoutError
                on_wait(time.monotonic() - began)
                continue
            part = os.read(self._stdout.fileno(), 65536)
            if not part:
                raise self._ended()
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return cast(A, decode(self._answers, line))

    def fileno(self) -> int:
        """What `select` waits on for the next part of an answer."""
        return self._stdout.fileno()

    def has_answered(self) -> bool:
        """Whether `receive` would return at once: output has arrived, or the process has ended."""
        return bool(self._unread) or bool(select.select([self._stdout], [], [], 0)[0])

    def wait(self, timeout_seconds: float) -> None:
        """Let the process end by itself, for so long."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_seconds)

    def end(self) -> None:
        """Kill the process at once, if it still runs."""
        self._process.kill()
        self._process.wait()
        for stream in (self._stdin, self._stdout, self._stderr):
            stream.close()

    def _ended(self) -> ProcessEndedError:
        status = self._process.wait(END_SECONDS)
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - STDERR_TAIL_BYTES))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return ProcessEndedError(status, lines[-1].strip() if lines else "")
