"""Real worker processes: what they compute, and what becomes of them."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from foundation.listener import SILENT
from search.candidates.evaluation import CandidateEvaluator
from search.preparation import training_bench
from search.storage.run_directory import RunDirectory
from search.workers.messages import Failed, Trained
from search.workers.pool import Training
from search.workers.processes import Processes

Begin = Callable[[], RunDirectory]
ENVIRONMENTS = [{"OMP_NUM_THREADS": "1"}] * 2


class Steps:
    """Hears of steps; `wait` lets a pool go on until each of some trials has made one."""

    def __init__(self) -> None:
        self.last: dict[int, int] = {}

    def __call__(self, trial: int, step: int, loss: float) -> None:
        self.last[trial] = step

    def wait(self, pool: Processes, trials: set[int]) -> None:
        self.last.clear()
        while not trials <= self.last.keys():
            pool._listen()


def ticks(pids: tuple[int, ...]) -> int:
    """The processor time that processes have used, in the system's ticks of 10 ms."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(field[11]) + int(field[12]) for field in fields)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_workers_train_as_this_process_does(begun_run: Begin, trainings: list[Training]) -> None:
    run, steps = begun_run(), Steps()
    with Processes(run.path, ENVIRONMENTS, steps) as pool:
        assert pool.size == 2
        for training in trainings:
            pool.submit(training)
        outcomes = {outcome.trial: outcome for outcome in (pool.next_ended(), pool.next_ended())}
        pids = pool.pids
    assert steps.last.keys() == {0, 1}
    assert not any(map(is_running, pids))
    checkpoints = [run.checkpoints(training.candidate.arch_id, 0) for training in trainings]
    assert all((folder / "model.safetensors").is_file() for folder in checkpoints)

    here = CandidateEvaluator(training_bench(run, SILENT))
    for training, folder in zip(trainings, checkpoints, strict=True):
        (folder / "model.safetensors").unlink()
        quality = here.train(training.candidate, lambda *_: None, training.steps)
        outcome = outcomes[training.trial]
        assert isinstance(outcome, Trained)
        assert outcome.quality.psnr_y_db == quality.psnr_y_db
        assert outcome.quality.ssim_y == quality.ssim_y


@pytest.mark.slow
def test_nothing_computes_while_workers_stand_still_and_they_save_when_they_are_ended(
    begun_run: Begin, endless_trainings: list[Training]
) -> None:
    run, steps = begun_run(), Steps()
    with Processes(run.path, ENVIRONMENTS, steps) as pool:
        for training in endless_trainings:
            pool.submit(training)
        steps.wait(pool, {0, 1})
        with pool.standing_still():
            before, heard = ticks(pool.pids), dict(steps.last)
            time.sleep(0.5)
            # Saying that they stand still may end in another tick; a step takes many.
            assert ticks(pool.pids) <= before + len(pool.pids)
        steps.wait(pool, {0, 1})
        assert all(steps.last[trial] > step for trial, step in heard.items())
        pids = pool.pids
    assert not any(map(is_running, pids))
    for training in endless_trainings:
        folder = run.checkpoints(training.candidate.arch_id, 0)
        assert (folder / "training-state.safetensors").is_file()


@pytest.mark.slow
def test_a_killed_worker_is_lost_with_its_training_and_replaced(
    begun_run: Begin, endless_trainings: list[Training]
) -> None:
    steps = Steps()
    with Processes(begun_run().path, ENVIRONMENTS, steps) as pool:
        for training in endless_trainings:
            pool.submit(training)
        steps.wait(pool, {0, 1})
        first, second = pool.pids
        os.kill(first, signal.SIGKILL)
        assert pool.next_ended() == Failed(0, "the process died (SIGKILL)", is_lost=True)
        with pool.standing_still():  # of those that are left
            assert pool.pids == (second,)
        pool.submit(endless_trainings[0])
        steps.wait(pool, {0, 1})
        assert second in pool.pids and first not in pool.pids and len(pool.pids) == 2


@pytest.mark.slow
def test_a_full_disk_in_a_worker_is_an_error_with_the_name_of_the_file(
    begun_run: Begin,
    trainings: list[Training],
    files_up_to: Callable[[int], AbstractContextManager[None]],
) -> None:
    run = begun_run()
    with (
        files_up_to(1000),
        Processes(run.path, ENVIRONMENTS[:1], lambda *_: None) as pool,
        pytest.raises(OSError, match="File too large") as caught,
    ):
        pool.submit(trainings[0])
        pool.next_ended()
    folder = run.checkpoints(trainings[0].candidate.arch_id, 0)
    assert caught.value.filename == str(folder / "model.safetensors")


@pytest.mark.slow
def test_why_a_worker_cannot_begin_is_said(begun_run: Begin, trainings: list[Training]) -> None:
    run = begun_run()
    settings: dict[str, Any] = run.read_settings()
    settings["config"]["scale"] = 7
    run.write_settings(settings)
    with Processes(run.path, ENVIRONMENTS[:1], lambda *_: None) as pool:
        pool.submit(trainings[0])
        outcome = pool.next_ended()
    assert isinstance(outcome, Failed) and outcome.is_lost
    assert "ValueError" in outcome.reason and "scale" in outcome.reason
