"""A process of its own for one target, spoken to in lines of JSON."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any, BinaryIO, Self

from profilers.targets import Target

START_SECONDS = 120.0
CLOSE_SECONDS = 5.0
STDERR_TAIL_BYTES = 2000


class ProfilingFailed(RuntimeError):  # noqa: N818 - the name says what happened
    """A measurement could not be made; the message is one line with the reason."""


class Child:
    """Runs `python -m profilers.worker` for `target`, from the first request on.

    `environment` is what the process gets beyond this one's variables.

    A process that crashed, hung or was interrupted is replaced at the next request. The
    worker exits when its standard input closes, so it cannot outlive this process.
    """

    def __init__(self, target: Target, environment: Mapping[str, str] | None = None) -> None:
        self.target = target
        self._environment = environment or {}
        self._worker: _Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def request(self, message: Mapping[str, object], timeout_seconds: float) -> dict[str, Any]:
        """Send `message` and return what the worker measured.

        Raises:
            ProfilingFailed: the worker reported an error, died, or did not answer in time.
        """
        try:
            if self._worker is None:
                self._worker = _Worker(self.target, self._environment)
                self._worker.receive(START_SECONDS)
            self._worker.send(message)
            answer = self._worker.receive(timeout_seconds)
        except BaseException:
            # After a timeout or an interrupt an answer may still come, to a question forgotten.
            self.close()
            raise
        if "error" in answer:
            raise ProfilingFailed(f"{self.target}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()


class _Worker:
    """One started process and its pipes."""

    def __init__(self, target: Target, environment: Mapping[str, str]) -> None:
        self._target = target
        self._unread = b""
        self._stderr: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "profilers.worker", str(target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
            env={**os.environ, "OMP_NUM_THREADS": str(target.threads), **environment},
            # Ctrl-C in the terminal is for the search, which then closes this process.
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("the worker was started without pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def send(self, message: Mapping[str, object]) -> None:
        try:
            self._stdin.write(json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            raise self._died() from None

    def receive(self, timeout_seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_seconds
        while b"\n" not in self._unread:
            remaining = max(0.0, deadline - time.monotonic())
            if not select.select([self._stdout], [], [], remaining)[0]:
                raise ProfilingFailed(
                    f"{self._target}: no answer within {timeout_seconds:.0f} s, process ended"
                )
            part = os.read(self._stdout.fileno(), 65536)
            if not part:
                raise self._died()
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Kill at once: a worker holds nothing that needs saving."""
        self._process.kill()
        self._process.wait()
        for stream in (self._stdin, self._stdout, self._stderr):
            stream.close()

    def _died(self) -> ProfilingFailed:
        status = self._process.wait(CLOSE_SECONDS)
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - STDERR_TAIL_BYTES))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        last_words = f": {lines[-1].strip()}" if lines else ""
        return ProfilingFailed(f"{self._target}: the process died ({how}){last_words}")
