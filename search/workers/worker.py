"""A worker process: `python -m search.workers.worker RUN_DIR`."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import torch

from blocks.networks.registry import parse_network_config
from foundation.listener import SILENT
from foundation.memory import is_out_of_memory
from foundation.plugins import load_plugins_of_parent
from profilers.agent.serving.encoding import decode, encode
from profilers.agent.serving.server import claim_standard_output
from search.candidates.candidate import Candidate
from search.candidates.evaluation import CandidateEvaluator
from search.candidates.evaluator import CANDIDATE_FAILURES, Evaluator, failure_in_words
from search.preparation import training_bench
from search.storage.run_directory import RunDirectory
from search.workers.messages import (
    Failed,
    GoOn,
    Order,
    Report,
    StandingStill,
    StandStill,
    Stepped,
    Stop,
    Train,
    Trained,
    Unwritable,
)

REPORT_SECONDS = 0.2

Say = Callable[[Report], None]


class Orders:
    """What the search wants of this worker, between the thread that listens and the one that works.

    The work itself looks here at each of its steps: there it stands still, and there it stops. The
    process ends at once when the search is gone.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._changed = threading.Condition()
        self._training: Train | None = None
        self._shall_stand_still = False
        self._is_answer_due = False
        self._shall_stop = False

    def listen(self) -> None:
        """Hear orders from standard input in a thread."""
        threading.Thread(target=self._read, daemon=True).start()

    def trainings(self) -> Iterator[Train]:
        """Yield the trainings that are ordered, until the worker shall stop."""
        while True:
            with self._changed:
                self._changed.wait_for(self._is_anything_ordered)
            try:
                self.follow()
            except KeyboardInterrupt:
                return
            training, self._training = self._training, None
            if training is not None:
                yield training

    def follow(self) -> None:
        """Stand still for as long as is ordered; called by the work wherever it can be paused.

        Raises:
            KeyboardInterrupt: the worker shall stop.
        """
        while self._shall_stand_still and not self._shall_stop:
            if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
                torch.cuda.synchronize()  # else the GPU computes on what was queued
            self._is_answer_due = False
            self._say(StandingStill())
            with self._changed:
                self._changed.wait_for(self._need_not_stand_still)
        if self._shall_stop:
            raise KeyboardInterrupt

    def hear(self, order: Order) -> None:
        """Take note of an order."""
        with self._changed:
            match order:
                case Train():
                    self._training = order
                case StandStill():
                    self._shall_stand_still = True
                    self._is_answer_due = True
                case GoOn():
                    self._shall_stand_still = False
                case Stop():
                    self._shall_stop = True
            self._changed.notify_all()

    def _need_not_stand_still(self) -> bool:
        # An order that came right after the one to go on has to be answered too.
        return self._shall_stop or not self._shall_stand_still or self._is_answer_due

    def _is_anything_ordered(self) -> bool:
        return self._shall_stop or self._shall_stand_still or self._training is not None

    def _read(self) -> None:
        try:
            # Not sys.stdin, which the interpreter could not close when the work has ended.
            for line in os.fdopen(os.dup(0), "rb"):
                self.hear(decode(Order, line))
        finally:  # the last line may have been cut
            os._exit(0)


class Steps:
    """Tells the search of the steps of a training, as often as somebody may want to see it."""

    def __init__(
        self, trial: int, orders: Orders, say: Say, every_seconds: float = REPORT_SECONDS
    ) -> None:
        self._trial = trial
        self._orders = orders
        self._say = say
        self._every_seconds = every_seconds
        self._said = 0.0

    def __call__(self, step: int, loss: float) -> None:
        if time.monotonic() - self._said >= self._every_seconds:
            self._said = time.monotonic()
            self._say(Stepped(self._trial, step, loss))
        self._orders.follow()


def main() -> None:
    """Train what the search orders, until it says stop, closes the pipe or dies."""
    # Ctrl-C is for the search, which then says stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    say = partial(_say, claim_standard_output())
    orders = Orders(say)
    orders.listen()
    load_plugins_of_parent()
    bench = training_bench(RunDirectory(Path(sys.argv[1])), SILENT)
    evaluator = CandidateEvaluator(bench, between_images=orders.follow)
    for training in orders.trainings():
        try:
            say(report_of(training, evaluator, Steps(training.trial, orders, say)))
        except KeyboardInterrupt:
            return


def report_of(
    training: Train, evaluator: Evaluator, on_step: Callable[[int, float], None]
) -> Report:
    """What came of a training."""
    try:
        candidate = Candidate.of(parse_network_config(training.network))
        return Trained(training.trial, evaluator.train(candidate, on_step, training.steps))
    except OSError as error:
        return Unwritable.of(error)
    except CANDIDATE_FAILURES as error:
        reason = failure_in_words(error)
        return Failed(training.trial, reason, is_lost=is_out_of_memory(error))


def _say(answers: BinaryIO, report: Report) -> None:
    # Buffered: it continues a write to a full pipe that SIGSTOP has cut short.
    answers.write(encode(report))
    answers.flush()


if __name__ == "__main__":
    main()
