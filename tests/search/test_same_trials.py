"""A config and a seed give the trials that they gave before the move into the present rooms.

The ids in `tests/data/trials_of_before.json` were recorded by version 0.1.0 as it was before, with
the config and the evaluator below.

Covers search.sampler.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig
from search.loop import Search
from search.session import open_study
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run

RECORDED = Path(__file__).parents[1] / "data" / "trials_of_before.json"
SEARCH: dict[str, Any] = {
    "scale": 2,
    "families": {
        "splitsr": {
            "channels": [8, 16, 24],
            "groups": {"low": 1, "high": 3},
            "blocks": [1, 2],
            "image_skip": ["none", "bilinear"],
        },
        "seemore": {"channels": [8, 16], "groups": {"low": 1, "high": 2}, "kernel": [5, 7]},
        "smsr": {
            "channels": [16, 32],
            "modules": {"low": 1, "high": 2},
            "layers": {"low": 1, "high": 2},
        },
        "classsr": {
            "classes": [2],
            "backbone": ["fsrcnn", "msrresnet"],
            "channels": [8, 12, 16],
            "depth": [1, 2],
            "patch_px": [16],
        },
    },
    "objectives": ["psnr_y_db", "macs"],
    "constraints": {"macs": {"max": 9_000_000_000}},
    "budget": {"trials": 12, "steps": 5},
    "seed": 3,
}


class HashedEvaluator:
    """Quality as a number made of the id of the architecture."""

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        return MeasuredCosts(latency_ms=1.0)

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        score = int(candidate.arch_id.rsplit("-", 1)[1], 16) % 1000 / 1000
        return TrainedQuality(psnr_y_db=30 + score, train_steps=5, train_seconds=0.25)


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "gp", "random"])
def test_the_same_seed_gives_the_same_trials_as_before(
    tmp_path: Path, listener: Any, sampler: str
) -> None:
    config, run = (
        SearchConfig.model_validate({**SEARCH, "sampler": sampler}),
        RunDirectory(tmp_path),
    )
    run.write_settings({})
    Search(config, open_study(config, run, listener), HashedEvaluator(), listener).run()
    trials = [[record.arch_id, record.state] for record in read_run(tmp_path).records]
    assert trials == json.loads(RECORDED.read_text())[sampler]
