"""Workers that are actors of Ray: wherever there is a place for them in a cluster.

Each is asked again and again what it has to say, so that nothing crosses the network while nobody
listens. Ray ends them with the program that started them, however that ends.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np
import ray
from ray.exceptions import RayError

from foundation import one_line
from foundation.listener import Listener
from search.preparation import Photographs
from search.storage.run_directory import RunDirectory
from search.workers.folder_copy import Files
from search.workers.machine import Machine
from search.workers.messages import (
    Failed,
    GoOn,
    Order,
    StandStill,
    Stop,
    Train,
    Trained,
)
from search.workers.pool import SAVING_SECONDS, OnTrialStep, Results, Training
from search.workers.remote_worker import Kit, RemoteWorker, Said

PLACING_SECONDS = 30.0
"""After which an actor without a place is one that the cluster has no room for."""
MAX_FAILED_STARTS = 3
"""In a row, until the fault is not one node's."""
# Concurrency groups of an actor: orders keep their order, and a question waits for its answer.
_ORDERS, _ANSWERS = "orders", "answers"


class RayPool:
    """Actors that train; each keeps its place in the cluster from its first training on.

    One that is lost is replaced wherever there is a place. A training waits for an actor that has
    one, so that those of nodes that are gone for good go to the others. Checkpoints go there with a
    training, and come back into the run directory as they are saved. `resources` are what Ray
    counts of each: CPU and GPU.
    """

    def __init__(
        self,
        run: RunDirectory,
        photographs: Photographs,
        resources: Mapping[str, float],
        workers: int,
        on_step: OnTrialStep,
        listener: Listener,
    ) -> None:
        self._run = run
        self._actor = ray.remote(
            num_cpus=resources["CPU"],
            num_gpus=resources["GPU"],
            max_restarts=0,
            scheduling_strategy="SPREAD",
            concurrency_groups={_ORDERS: 1, _ANSWERS: 1},
        )(RemoteWorker)
        # In the shared memory of each node, once.
        self._arguments = ray.put(Kit.of(run)), ray.put(_in_one_piece(photographs))
        self._workers = [_Worker() for _ in range(workers)]
        self._results = Results(on_step)
        self._listener = listener
        self._submitted: deque[Training] = deque()
        self._failed_starts = 0
        self._has_warned = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End all of them; those that are training hand back where they are."""
        try:
            placed = [worker for worker in self._workers if worker.machine is not None]
            for worker in placed:
                worker.say(Stop())
            deadline = time.monotonic() + SAVING_SECONDS
            while any(worker.answer for worker in placed) and time.monotonic() < deadline:
                self._listen(placed, max(0.0, deadline - time.monotonic()))
        finally:
            for worker in self._workers:
                worker.end()

    @property
    def size(self) -> int:
        return len(self._workers)

    def submit(self, training: Training) -> None:
        self._submitted.append(training)
        self._hand_out()

    def next_ended(self) -> Trained | Failed:
        while not self._results.ended:
            self._hand_out()
            if not self._listen(self._workers, PLACING_SECONDS):
                self._warn_if_nobody_has_a_place()
        return self._results.ended.popleft()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        while starting := [worker for worker in self._workers if worker.is_starting]:
            self._listen(self._workers, min(worker.patience for worker in starting))
        here = [worker for worker in self._workers if worker.machine == Machine.here()]
        for worker in here:
            worker.say(StandStill())
        while not all(worker.answer is None or worker.stands_still for worker in here):
            self._listen(here)
        try:
            yield
        finally:
            for worker in here:
                worker.stands_still = False
                worker.say(GoOn())

    def _hand_out(self) -> None:
        """Give what was submitted to the workers that have a place and nothing to do."""
        if not self._submitted:
            return
        for worker in self._workers:
            if worker.answer is None:
                worker.start(self._actor, self._arguments)
        for worker in self._workers:
            if self._submitted and worker.machine is not None and worker.trial is None:
                self._give(worker, self._submitted.popleft())

    def _give(self, worker: "_Worker", training: Training) -> None:
        candidate = training.candidate
        root = self._run.all_checkpoints
        worker.trial = training.trial
        worker.say(
            Train(training.trial, candidate.config.model_dump(mode="json"), training.steps),
            Files.of(root, root / candidate.arch_id),
        )

    def _listen(self, workers: "list[_Worker]", timeout_seconds: float | None = None) -> bool:
        """Hear one of them; whether one has said something in time."""
        answers = {worker.answer: worker for worker in workers if worker.answer is not None}
        answered, _ = ray.wait(list(answers), timeout=timeout_seconds)
        for answer in answered:
            worker = answers[answer]
            try:
                said: Said | Machine = ray.get(answer)
            except RayError as error:
                self._lose(worker, f"its worker was lost ({type(error).__name__})", error)
            else:
                self._hear(worker, said)
        return bool(answered)

    def _hear(self, worker: "_Worker", said: Said | Machine) -> None:
        worker.ask()
        if isinstance(said, Machine):
            worker.machine = said
            self._failed_starts = 0
            return
        for files in said.checkpoints:
            files.apply(self._run.all_checkpoints)
        for report in said.reports:
            self._results.take(worker, report)
        if said.has_ended:
            self._lose(worker, said.failure or "its worker has ended")

    def _lose(self, worker: "_Worker", reason: str, error: RayError | None = None) -> None:
        machine, trial = worker.machine, worker.trial
        worker.end()
        if trial is not None:
            on = "" if machine is None else f" on {machine.name}"
            self._results.ended.append(Failed(trial, f"{reason}{on}", is_lost=True))
        elif machine is None:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS:
                raise RuntimeError(
                    f"no worker can be started on the Ray cluster, the last one failed with: "
                    f"{one_line(error or reason)}"
                )

    def _warn_if_nobody_has_a_place(self) -> None:
        if self._has_warned or any(worker.machine is not None for worker in self._workers):
            return
        self._has_warned = True
        self._listener.warning(
            "no worker has a place on the Ray cluster, which may be busy, or have lost its nodes: "
            "the search goes on as soon as there is one (Ctrl-C ends it, and it can be resumed)"
        )


class _Worker:
    """One actor, if there is one, and what is known of it."""

    def __init__(self) -> None:
        self._actor: Any = None
        self.answer: Any = None
        """What it says next, once it does; None where there is no actor."""
        self.machine: Machine | None = None
        """Where it is; None as long as it has no place."""
        self.trial: int | None = None
        self.stands_still = False
        self._deadline = 0.0

    @property
    def is_starting(self) -> bool:
        """Whether it may soon have a place."""
        return self.answer is not None and self.machine is None and self.patience > 0

    @property
    def patience(self) -> float:
        """The seconds within which it still may be said to be starting."""
        return self._deadline - time.monotonic()

    def start(self, actor: Any, arguments: tuple[Any, ...]) -> None:
        self._actor = actor.remote(*arguments)
        self._deadline = time.monotonic() + PLACING_SECONDS
        self.answer = self._actor.machine.options(concurrency_group=_ANSWERS).remote()

    def ask(self) -> None:
        """Ask for what it says next."""
        self.answer = self._actor.said.options(concurrency_group=_ANSWERS).remote()

    def say(self, order: Order, checkpoints: Files = Files()) -> None:  # noqa: B008 - immutable
        # Of one that has ended its answers tell, to which everybody listens.
        if self._actor is not None:
            self._actor.hear.options(concurrency_group=_ORDERS).remote(order, checkpoints)

    def end(self) -> None:
        """Kill the actor at once, if it still runs."""
        actor, self._actor = self._actor, None
        self.answer = self.machine = self.trial = None
        self.stands_still = False
        if actor is not None:
            ray.kill(actor)


def _in_one_piece(photographs: Photographs) -> Photographs:
    """The same, each image such that Ray shares its memory."""
    return Photographs(
        tuple(
            replace(image, pixels=np.ascontiguousarray(image.pixels))
            for image in photographs.training
        ),
        tuple(
            replace(pair, low=np.ascontiguousarray(pair.low), high=np.ascontiguousarray(pair.high))
            for pair in photographs.validation
        ),
        photographs.digests,
    )
