"""The pool that is this process: training waits until its outcome is asked for."""

from typing import Any

import pytest

from search.candidates.evaluator import TrainedQuality
from search.workers.messages import Failed, Trained
from search.workers.pool import ThisProcess, Training

QUALITY = TrainedQuality(psnr_y_db=31.0, train_steps=2, train_seconds=0.5)


class Evaluator:
    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def measure(self, candidate: Any) -> Any: ...

    def train(self, candidate: Any, on_step: Any, steps: int) -> TrainedQuality:
        on_step(1, 0.25)
        if self._error is not None:
            raise self._error
        return QUALITY


def test_the_outcome_and_the_steps_belong_to_the_trial(trainings: list[Training]) -> None:
    steps: list[tuple[int, int, float]] = []
    pool = ThisProcess(Evaluator(), lambda *step: steps.append(step))
    pool.submit(trainings[1])
    assert steps == []
    assert pool.next_ended() == Trained(1, QUALITY)
    assert steps == [(1, 1, 0.25)]


def test_what_a_candidate_does_wrong_is_its_failure_and_no_fault_of_the_worker(
    trainings: list[Training],
) -> None:
    pool = ThisProcess(Evaluator(ValueError("too\nsmall")), lambda *_: None)
    pool.submit(trainings[0])
    assert pool.next_ended() == Failed(0, "ValueError: too small")


def test_a_full_disk_is_not_the_candidates_failure(trainings: list[Training]) -> None:
    pool = ThisProcess(Evaluator(OSError(28, "No space left", "state")), lambda *_: None)
    pool.submit(trainings[0])
    with pytest.raises(OSError, match="No space left"):
        pool.next_ended()
