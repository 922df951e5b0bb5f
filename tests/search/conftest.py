"""A small space, a closed-variant evaluator and a silent listener for the search's tests."""

from typing import Any

import pytest

from reports.records import TrialRecord
from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig
from search.listening import Standing

SMALL_SEARCH: dict[str, Any] = {
    "scale": 2,
    "families": {
        "splitsr": {"channels": [8, 16], "groups": {"low": 1, "high": 3}, "blocks": [1, 2]},
        "seemore": {"channels": [8, 16], "groups": {"low": 1, "high": 2}},
    },
    "objectives": ["psnr_y_db", "macs"],
    "budget": {"trials": 12, "steps": 5},
}


@pytest.fixture
def small_search() -> dict[str, Any]:
    return {**SMALL_SEARCH}


class ClosedFormEvaluator:
    """Quality as a formula of the design, so that a search needs no seconds and no data."""

    def __init__(self) -> None:
        self.trained: list[str] = []

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        return MeasuredCosts(latency_ms=float(candidate.config.model_dump()["channels"]))

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        self.trained.append(candidate.arch_id)
        fields = candidate.config.model_dump()
        psnr_y_db = 30 + fields["channels"] / 16 + fields["groups"] / 7
        return TrainedQuality(psnr_y_db=psnr_y_db, train_steps=5, train_seconds=0.25)


class RecordingListener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.statuses: list[str] = []
        self.warnings: list[str] = []
        self.records: list[TrialRecord] = []

    def status(self, text: str) -> None:
        self.statuses.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, done: int, total: int, text: str = "") -> None:
        pass

    def trial_started(self, record: TrialRecord, standing: Standing) -> None:
        pass

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None:
        pass

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None: ...

    def trial_finished(self, record: TrialRecord) -> None:
        self.records.append(record)


@pytest.fixture
def evaluator() -> ClosedFormEvaluator:
    return ClosedFormEvaluator()


@pytest.fixture
def listener() -> RecordingListener:
    return RecordingListener()


@pytest.fixture
def search_config(small_search: dict[str, Any]) -> SearchConfig:
    return SearchConfig.model_validate(small_search)
