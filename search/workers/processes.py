"""Workers that are processes on this machine."""

import select
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from foundation.plugins import worker_environment
from profilers.agent.serving.json_process import JsonProcess, ProcessEndedError
from search.workers.messages import (
    Failed,
    GoOn,
    Order,
    Report,
    StandStill,
    Stop,
    Train,
    Trained,
)
from search.workers.pool import SAVING_SECONDS, OnTrialStep, Results, Training


class Processes:
    """One process for each of `environments`, the variables that it gets beside this one's.

    They run from the first training on until the block ends. One that died is replaced for the
    next: what it was training is lost until it is submitted again.
    """

    def __init__(
        self, run_dir: Path, environments: Sequence[Mapping[str, str]], on_step: OnTrialStep
    ) -> None:
        command = [sys.executable, "-P", "-m", "search.workers.worker", str(run_dir)]
        self._workers = [_Worker(command, environment) for environment in environments]
        self._results = Results(on_step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End all of them; those that are training save where they are."""
        try:
            training = [worker for worker in self._workers if worker.trial is not None]
            for worker in training:
                worker.say(Stop())
            deadline = time.monotonic() + SAVING_SECONDS
            for worker in training:
                worker.wait(max(0.0, deadline - time.monotonic()))
        finally:
            for worker in self._workers:
                worker.end()

    @property
    def size(self) -> int:
        return len(self._workers)

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that are running."""
        return tuple(worker.process.pid for worker in self._workers if worker.process is not None)

    def submit(self, training: Training) -> None:
        for worker in self._workers:
            worker.start()
        worker = next(worker for worker in self._workers if worker.trial is None)
        worker.trial = training.trial
        network = training.candidate.config.model_dump(mode="json")
        worker.say(Train(training.trial, network, training.steps))

    def next_ended(self) -> Trained | Failed:
        while not self._results.ended:
            self._listen()
        return self._results.ended.popleft()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        for worker in self._workers:
            worker.say(StandStill())
        while not all(worker.process is None or worker.stands_still for worker in self._workers):
            self._listen()
        try:
            yield
        finally:
            for worker in self._workers:
                worker.stands_still = False
                worker.say(GoOn())

    def _listen(self) -> None:
        """Wait until a worker says something, and hear all that has been said."""
        running = {worker.process: worker for worker in self._workers if worker.process is not None}
        select.select(running, [], [])
        for process, worker in running.items():
            try:
                while worker.process is process and process.has_answered():
                    self._results.take(worker, process.receive())
            except ProcessEndedError as ended:
                worker.end()
                if worker.trial is not None:
                    self._results.ended.append(Failed(worker.trial, str(ended), is_lost=True))
                    worker.trial = None


class _Worker:
    """The place of one worker: its process, if it runs, and what that is doing."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self.process: JsonProcess[Report] | None = None
        self.trial: int | None = None
        self.stands_still = False

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self.process is None:
            environment = {**worker_environment(), **self._environment}
            self.process = JsonProcess(self._command, environment, Report)
            self.stands_still = False

    def say(self, order: Order) -> None:
        # Of one that has ended its answers tell, to which everybody listens.
        if self.process is not None:
            with suppress(ProcessEndedError):
                self.process.send(order)

    def wait(self, timeout_seconds: float) -> None:
        if self.process is not None:
            self.process.wait(timeout_seconds)

    def end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.end()
