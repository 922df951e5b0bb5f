"""The processes that train the tabular benchmark's networks, and the one that writes its rows.

A worker goes to the next rung only when the row of the last one is on the disk, so that no training
is ever further than the table. Where the writer ends, so do its workers.
"""

import argparse
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

import torch
from common import stop_by_sigterm
from rungs import Reached, Training, judged, judging_pairs
from tabular_table import RUNGS, Job, Rung

from blocks import NetworkConfig
from foundation.listener import Listener
from imaging.evaluation import Quality
from profilers.agent.cores import usable_cores
from training.recipes.choice import RecipeChoice
from training.state import STATE_FILE

RECIPE = "steady"
ATTEMPTS = 2


@dataclass(frozen=True)
class Places:
    """Where images and checkpoints are, and at which rate is trained from them."""

    data: str
    set14: str
    b100: str
    work: Path
    learning_rate: float | None = None
    """Of all trainings; None is that of the recipe."""

    @classmethod
    def parsed(cls, parser: argparse.ArgumentParser) -> tuple[Self, argparse.Namespace]:
        """The places that a command names, and all its arguments, among them the workers."""
        for name in ("--data", "--set14", "--b100"):
            parser.add_argument(name, required=True, metavar="DIR")
        parser.add_argument("--work", type=Path, default=Path("runs/tabular"), help="checkpoints")
        parser.add_argument("--workers", type=int, default=usable_cores())
        options = parser.parse_args()
        return cls(options.data, options.set14, options.b100, options.work), options

    def checkpoints(self, job: Job) -> Path:
        return self.work / job.name


@dataclass(frozen=True)
class Ended:
    """What a worker says when it has no job any more, and why the last one failed."""

    failure: str | None = None


@dataclass
class _Worker:
    process: BaseProcess
    link: Connection
    job: Job | None = None


@dataclass
class TrainingPool:
    """Workers, the jobs that wait for them, and where their rows go."""

    configs: Mapping[str, NetworkConfig]
    places: Places
    workers: int
    deadline: float
    """In the seconds of `time.monotonic()`; no rung is begun after it."""
    on_rung: Callable[[Rung], None]
    """Has written a row when it returns."""
    listener: Listener
    _running: dict[Connection, _Worker] = field(default_factory=dict)
    _attempts: Counter[str] = field(default_factory=Counter)
    """By the name of the job."""

    def train(self, jobs: Iterable[Job]) -> None:
        """Train the jobs in order, until all are done or the deadline is past.

        Where this is interrupted the workers save what they have.
        """
        waiting = list(jobs)[::-1]
        try:
            for _ in range(min(self.workers, len(waiting))):
                self._start()
            while self._running:
                for link in wait(list(self._running)):
                    assert isinstance(link, Connection)
                    self._answer(self._running[link], waiting)
        finally:
            for worker in self._running.values():
                worker.process.terminate()
            for worker in self._running.values():
                worker.process.join()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self.places), daemon=True)
        process.start()
        theirs.close()
        self._running[ours] = _Worker(process, ours)

    def _answer(self, worker: _Worker, waiting: list[Job]) -> None:
        try:
            said = worker.link.recv()
        except (EOFError, ConnectionResetError):
            self._replace(worker, waiting)
            return
        if isinstance(said, Rung):
            self.on_rung(said)
            if worker.job is not None:
                worker.job = worker.job.after(said.steps)
            if self._has_time():
                worker.link.send(None)
            else:
                self._end(worker)
            return
        if said.failure is not None and worker.job is not None:
            self.listener.warning(f"{worker.job.name} failed: {said.failure}")
        if waiting and self._has_time():
            worker.job = waiting.pop()
            worker.link.send((worker.job, self.configs[worker.job.arch_id]))
        else:
            self._end(worker)

    def _replace(self, worker: _Worker, waiting: list[Job]) -> None:
        """Start a worker for one that died, which does the same again, but not for ever."""
        self._end(worker)
        job = worker.job
        name = "a worker" if job is None else f"the worker of {job.name}"
        self.listener.warning(f"{name} ended with status {worker.process.exitcode}")
        if job is None:
            raise RuntimeError("the workers do not start; the lines above say why")
        self._attempts[job.name] += 1
        if self._attempts[job.name] < ATTEMPTS:
            waiting.append(job)
        self._start()

    def _has_time(self) -> bool:
        return time.monotonic() < self.deadline

    def _end(self, worker: _Worker) -> None:
        del self._running[worker.link]
        worker.link.close()
        worker.process.join()


def _work(link: Connection, places: Places) -> None:
    # Ended by the writer, as by Ctrl-C, a training saves where it is.
    stop_by_sigterm()
    torch.set_num_threads(1)
    try:
        link.send(Ended())
        while True:
            job, config = link.recv()
            try:
                for steps in job.rungs:
                    link.send(_reached(job, config, places, steps))
                    link.recv()
                (places.checkpoints(job) / STATE_FILE).unlink(missing_ok=True)
            except (ValueError, RuntimeError) as error:
                link.send(Ended(str(error)))
            else:
                link.send(Ended())
    except (EOFError, ConnectionError, KeyboardInterrupt):
        pass


def _reached(job: Job, config: NetworkConfig, places: Places, steps: int) -> Rung:
    """The row of a rung that the training had not reached."""
    scale = config.scale
    folder = places.checkpoints(job)
    reached = _training(places.data, scale, places.learning_rate).reach(
        config, job.seed, steps, folder
    )
    quality = judged(reached.network, kept_pairs(places.set14, scale))
    final = judged(reached.network, kept_pairs(places.b100, scale)) if steps == RUNGS[-1] else None
    return rung_of(job, reached, quality, final)


def rung_of(job: Job, reached: Reached, set14: Quality, b100: Quality | None = None) -> Rung:
    """The row of a network that has been trained to a rung and judged."""
    return Rung(
        job.arch_id,
        job.seed,
        reached.steps,
        round(set14.psnr_y_db, 5),
        round(set14.ssim_y, 6),
        None if b100 is None else round(b100.psnr_y_db, 5),
        None if b100 is None else round(b100.ssim_y, 6),
        reached.steps_made,
        round(reached.seconds, 2),
    )


@lru_cache
def _training(data: str, scale: int, learning_rate: float | None) -> Training:
    settings = {} if learning_rate is None else {"learning_rate": learning_rate}
    return Training(data, scale, RecipeChoice(RECIPE, settings))


kept_pairs = lru_cache(judging_pairs)
