"""A search with a ladder whose quality is a formula of the design and of the steps."""

import math
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from reports.records import TrialRecord
from search.allocation.state import Decision, Promote, Situation, Start
from search.candidates.candidate import Candidate
from search.candidates.checkpoints import Checkpoints
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig
from search.ladder.driver import LadderSearch
from search.listening import Standing
from search.session import open_study
from search.storage.run_directory import RunDirectory
from search.workers.messages import Failed, Trained
from search.workers.pool import Training

RUNGS = (10, 20, 50)
BICUBIC_DB = 30.0


@pytest.fixture(scope="session")
def ladder_search() -> dict[str, Any]:
    return {
        "scale": 2,
        "families": {
            "splitsr": {"channels": [8, 16], "groups": {"low": 1, "high": 3}, "blocks": [1, 2]},
            "seemore": {"channels": [8, 16], "groups": {"low": 1, "high": 2}},
        },
        "objectives": ["psnr_y_db", "macs"],
        "training": {"recipe": "steady"},
        "budget": {"trials": 6, "steps": RUNGS[-1]},
        "ladder": {"rungs": RUNGS},
        "sampler": "random",
    }


class Curves:
    """Larger networks end higher; what was trained, and from where, is noted."""

    def __init__(self) -> None:
        self.trained: list[tuple[str, int]] = []
        self.measured: list[str] = []

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        self.measured.append(candidate.arch_id)
        return MeasuredCosts(latency_ms=float(candidate.config.model_dump()["channels"]))

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        self.trained.append((candidate.arch_id, steps))
        fields = candidate.config.model_dump()
        end_db = BICUBIC_DB + fields["channels"] / 16 + fields["groups"] / 7
        return TrainedQuality(
            psnr_y_db=end_db * (1 - 0.02 * math.exp(-steps / 20)),
            ssim_y=0.9,
            train_steps=steps,
            train_seconds=0.01 * steps,
        )


@pytest.fixture
def curves() -> Curves:
    return Curves()


@pytest.fixture(scope="session")
def new_curves() -> type[Curves]:
    return Curves


def best_of_three(situation: Situation) -> Decision:
    """Start candidates until three wait, then promote the best of these."""
    waiting = [it for it in situation.known if it.state == "waiting"]
    if situation.pool and len(waiting) < 3:
        return Decision(Start(0), 1.0, "fewer than three wait")
    best = max(waiting, key=lambda it: it.curve[-1].psnr_y_db)
    assert best.trial is not None
    return Decision(Promote(best.trial), 1.0, "the best of those that wait")


class Quiet:
    """Hears nothing."""

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def progress(self, done: int, total: int, text: str = "") -> None: ...

    def trial_started(self, record: TrialRecord, standing: Standing) -> None: ...

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None: ...

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None: ...

    def trial_finished(self, record: TrialRecord) -> None: ...


@pytest.fixture(scope="session")
def begin() -> Any:
    """Makes a search in a folder: a new one, or the rest of the one that is there."""
    return _begun


def _begun(
    config: dict[str, Any],
    folder: Path,
    evaluator: Any,
    pool: Any = None,
    *,
    listener: Any = None,
) -> LadderSearch:
    listener = listener or Quiet()
    parsed, run = SearchConfig.model_validate(config), RunDirectory(folder)
    folder.mkdir(exist_ok=True)
    run.write_settings({"config": parsed.model_dump(mode="json")})
    study = open_study(parsed, run, listener)
    study.baseline = TrialRecord(
        trial=None,
        arch_id="bicubic-x2",
        family="bicubic",
        scale=2,
        state="trained",
        macs=0,
        psnr_y_db=BICUBIC_DB,
    )
    checkpoints = Checkpoints(run)
    return LadderSearch(
        parsed,
        study,
        evaluator,
        listener,
        pool=pool,
        population=8,
        checkpoints=checkpoints,
        rule=best_of_three,
    )


class TwoWorkers:
    """Trains two candidates at a time; which ends first depends only on which they are."""

    size = 2

    def __init__(self, evaluator: Any, *, die_after: int = -1) -> None:
        self._evaluator = evaluator
        self._left = die_after
        self._running: list[Training] = []

    def submit(self, training: Training) -> None:
        assert len(self._running) < self.size
        assert training.trial not in [it.trial for it in self._running]
        self._running.append(training)

    def next_ended(self) -> Trained | Failed:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        training = min(self._running, key=lambda it: it.candidate.arch_id[-10:])
        self._running.remove(training)
        return self.outcome(training)

    def outcome(self, training: Training) -> Trained | Failed:
        quality = self._evaluator.train(training.candidate, lambda *_: None, training.steps)
        return Trained(training.trial, quality)

    def standing_still(self) -> AbstractContextManager[object]:
        return nullcontext()


@pytest.fixture(scope="session")
def two_workers() -> type[TwoWorkers]:
    return TwoWorkers
