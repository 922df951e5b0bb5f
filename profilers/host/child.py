"""The worker process that measures on one target."""

import sys
from collections.abc import Callable, Mapping
from typing import Self, TypeVar

from foundation.plugins import worker_environment
from profilers.agent.failure import ProfilingFailed
from profilers.agent.serving.json_process import JsonProcess, ProcessEndedError
from profilers.agent.serving.messages import Answer, Failure, Question, expected
from profilers.host.subject import Design
from profilers.runtimes.targets import Target

A = TypeVar("A")

START_SECONDS = 120.0


class Child:
    """Runs `python -m profilers.host.worker` for `target`, started by the first request.

    `environment` adds to the variables of this process. A worker that crashed, hung or was
    interrupted is replaced at the next request. It exits when its standard input closes, so it
    cannot outlive this process.
    """

    def __init__(self, target: Target, environment: Mapping[str, str] | None = None) -> None:
        self.target = target
        self._environment = {"OMP_NUM_THREADS": str(target.threads), **(environment or {})}
        self._process: JsonProcess[Answer] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        return None if self._process is None else self._process.pid

    def request(
        self,
        question: Question[Design],
        kind: type[A],
        timeout_seconds: float,
        on_wait: Callable[[float], object] | None = None,
    ) -> A:
        """Send `question` and return what the worker measured, an answer of `kind`.

        `on_wait` hears every second for how long the worker has measured.

        Raises:
            ProfilingFailed: the worker reported an error, died, or did not answer in time.
        """
        try:
            answer = self._ask(question, timeout_seconds, on_wait)
        except BaseException:
            # After a timeout or an interrupt, the answer to this question may still arrive.
            self.close()
            raise
        if isinstance(answer, Failure):
            raise ProfilingFailed(f"{self.target}: {answer.reason}")
        return expected(kind, answer)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _ask(
        self,
        question: Question[Design],
        timeout_seconds: float,
        on_wait: Callable[[float], object] | None,
    ) -> Answer:
        waited_seconds = START_SECONDS
        try:
            if self._process is None:
                command = [sys.executable, "-P", "-m", "profilers.host.worker", str(self.target)]
                environment = {**worker_environment(), **self._environment}
                self._process = JsonProcess(command, environment)
                self._process.receive(START_SECONDS)
            waited_seconds = timeout_seconds
            self._process.send(question)
            return self._process.receive(timeout_seconds, on_wait)
        except TimeoutError:
            raise ProfilingFailed(
                f"{self.target}: no answer within {waited_seconds:.0f} s, process ended"
            ) from None
        except ProcessEndedError as ended:
            raise ProfilingFailed(f"{self.target}: {ended}") from None
