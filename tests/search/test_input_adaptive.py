"""Real searches over networks whose trained weights decide how much of them is computed.

Covers search.candidates.evaluation and search.candidates.evaluator.
"""

import csv
from pathlib import Path
from typing import Any

import pytest

from blocks import load_network
from blocks.pixels import to_images
from imaging.evaluation import prepare_validation
from imaging.images import load_images
from paretosr import open_run
from profilers.counting.executed_macs import executed_macs
from search.candidates.evaluation import CandidateEvaluator
from search.candidates.evaluator import MeasuredCosts
from search.config import SearchConfig
from search.listening import Standing
from search.session import resume_search, start_search
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run

SEARCH: dict[str, Any] = {
    "scale": 2,
    "families": {
        "smsr": {"channels": 16, "modules": [1, 2], "layers": 1},
        "classsr": {
            "classes": 2,
            "backbone": ["splitsr", "seemore"],
            "channels": 8,
            "depth": 1,
            "patch_px": [16, 24],
            "overlap_px": 4,
            "classifier_channels": 4,
        },
    },
    "objectives": ["psnr_y_db", "macs"],
    "training": {"precision": "float32"},
    "budget": {"trials": 4, "steps": 3},
    "target": "eager:lr=24x32",
    "sampler": "random",
    "workers": 1,
    "seed": 1,
}


class StepCounter:
    """A listener that knows how many steps were made."""

    def __init__(self) -> None:
        self.steps = 0

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def progress(self, done: int, total: int, text: str = "") -> None: ...

    def trial_started(self, record: Any, standing: Standing) -> None: ...

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None:
        self.steps += 1

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None: ...

    def trial_finished(self, record: Any) -> None: ...


def facts(run: Path) -> list[tuple[Any, ...]]:
    """What must be equal of two runs: everything but the clock."""
    return [
        (r.trial, r.arch_id, r.state, r.macs, r.psnr_y_db, r.macs_executed, r.train_steps)
        for r in read_run(run).records
    ]


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "run"
    start_search(SearchConfig.model_validate(SEARCH), run, StepCounter())
    return run


def test_the_records_carry_what_is_executed_beside_the_bound(finished_run: Path) -> None:
    records = [r for r in read_run(finished_run).records if r.state == "trained"]
    assert {record.family for record in records} == {"smsr", "classsr"}
    pairs = prepare_validation(load_images("bundled", split="validation").images, 2)
    images = [to_images(pair.low, "cpu") for pair in pairs]
    for record in records:
        assert record.macs_executed is not None and record.macs is not None
        assert 0 < record.macs_executed < record.macs * 1.2  # small images are padded more
        if record.family == "classsr":  # whose routed variant, the sparsest, is the network itself
            folder = RunDirectory(finished_run).checkpoints(record.arch_id, 1)
            network = load_network(folder / "model.safetensors").eval()
            executed = executed_macs(network, images, scale=2)
            assert record.macs_executed == pytest.approx(executed.mean)


def test_the_table_has_a_column_of_what_is_executed(finished_run: Path) -> None:
    trials = open_run(finished_run).report().files.trials_csv
    with trials.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["state"] == "trained"]
    executed = {row["arch_id"]: row["macs_executed"] for row in rows if row["family"] != "bicubic"}
    assert all(float(value) > 0 for value in executed.values())


def test_latency_and_memory_are_those_of_the_trained_network(tmp_path: Path) -> None:
    changes = {
        "objectives": ["psnr_y_db", "latency_ms"],
        "constraints": {"peak_memory_mib": {"max": 10_000}, "latency_ms": {"max": 1e-6}},
        "budget": {"trials": 2, "steps": 3},
        "timing_seconds": 0.2,
    }
    run = tmp_path / "run"
    start_search(SearchConfig.model_validate({**SEARCH, **changes}), run, StepCounter())
    records = [r for r in read_run(run).records if r.state == "infeasible"]
    assert len(records) == 2
    for record in records:
        # Trained although its latency breaks the bound, which only then was known.
        assert record.train_steps == 3 and record.psnr_y_db is not None
        assert record.latency_ms is not None and record.latency_ci_low_ms is not None
        assert record.peak_memory_mib is not None and record.macs_executed is not None
        assert "latency_ms" in str(record.reason) and "above its max" in str(record.reason)
        assert record.measure_seconds > 0.2


def test_a_trial_cut_between_training_and_measuring_is_measured_not_trained_again(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(CandidateEvaluator):
        def measure(self, candidate: Any) -> MeasuredCosts:
            raise KeyboardInterrupt

    run, before, after = tmp_path / "run", StepCounter(), StepCounter()
    with monkeypatch.context() as patched:
        patched.setattr("search.session.CandidateEvaluator", Killed)
        with pytest.raises(KeyboardInterrupt):
            start_search(SearchConfig.model_validate(SEARCH), run, before)
    assert (before.steps, read_run(run).records) == (3, ())
    resume_search(run, after)
    assert before.steps + after.steps == 4 * 3
    assert facts(run) == facts(finished_run)
