"""A small space, a closed-variant evaluator and a silent listener for the search's tests."""

from collections.abc import Mapping
from typing import Any

import pytest

from blocks.networks.registry import NetworkConfig
from reports.records import TrialRecord
from search.config import SearchConfig

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

    def measure(self, config: NetworkConfig) -> Mapping[str, Any]:
        return {"latency_ms": float(config.model_dump()["channels"])}

    def train(self, config: NetworkConfig, on_step: Any) -> Mapping[str, Any]:
        self.trained.append(config.arch_id)
        fields = config.model_dump()
        return {
            "psnr_y_db": 30 + fields["channels"] / 16 + fields["groups"] / 7,
            "train_steps": 5,
            "train_seconds": 0.25,
        }


class RecordingListener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.records: list[TrialRecord] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def trial_started(self, record: TrialRecord, trained: int) -> None:
        pass

    def training_step(self, step: int, loss: float) -> None:
        pass

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
