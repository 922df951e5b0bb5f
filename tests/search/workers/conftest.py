"""A run that has begun, so that worker processes find in it what they need."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from blocks.networks.splitsr import SplitSRConfig
from foundation.listener import SILENT
from search.candidates.candidate import Candidate
from search.config import SearchConfig
from search.preparation import initial_settings, load_photographs, prepare
from search.storage.run_directory import RunDirectory
from search.workers.pool import Training

SMALL: dict[str, Any] = {
    "scale": 2,
    "channels": 8,
    "active_channels": 4,
    "groups": 1,
    "hybrid_index": 1,
}
Begin = Callable[[], RunDirectory]


@pytest.fixture
def begun_run(tmp_path: Path) -> Begin:
    """Begins a run of the smallest networks."""

    def begin() -> RunDirectory:
        config = SearchConfig.model_validate(
            {
                "scale": 2,
                "families": {"splitsr": {"channels": 8, "groups": 1, "blocks": 1}},
                "objectives": ["psnr_y_db", "macs"],
                "training": {"precision": "float32"},
                "budget": {"trials": 9, "steps": 3},
            }
        )
        run = RunDirectory(tmp_path / "run")
        run.path.mkdir()
        run.write_settings(initial_settings(config, workers=2))
        with ExitStack() as stack:
            photographs = load_photographs(config, SILENT)
            prepare(config, run, photographs, stack, SILENT, has_begun=False)
        return run

    return begin


@pytest.fixture
def trainings() -> list[Training]:
    """Three steps of two small networks, as trials 0 and 1."""
    return _trainings(3)


@pytest.fixture
def endless_trainings() -> list[Training]:
    """The same without an end."""
    return _trainings(1_000_000)


def _trainings(steps: int) -> list[Training]:
    return [
        Training(trial, Candidate.of(SplitSRConfig(**SMALL, blocks=blocks)), steps)
        for trial, blocks in enumerate((1, 2))
    ]
