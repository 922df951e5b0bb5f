"""A search with a ladder whose quality is a formula of the design and of the steps."""

import math
from pathlib import Path
from typing import Any

import pytest

from reports.records import TrialRecord
from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig
from search.ladder.driver import LadderSearch
from search.session import open_study
from search.storage.run_directory import RunDirectory

RUNGS = (10, 20, 50)
BICUBIC_DB = 30.0


@pytest.fixture
def ladder_search(small_search: dict[str, Any]) -> dict[str, Any]:
    return {
        **small_search,
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


def begin(
    config: dict[str, Any], folder: Path, listener: Any, evaluator: Any, pool: Any = None
) -> LadderSearch:
    """A search in the folder: a new one, or the rest of the one that is there."""
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
    return LadderSearch(parsed, study, evaluator, listener, pool=pool, population=8)
