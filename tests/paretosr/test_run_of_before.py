"""A run directory and a checkpoint that ParetoSR 0.1.0 wrote before the move into these rooms.

`tests/data/run_of_before` is a search of two trials, of which one checkpoint is kept. Its run.yaml
says `calm_share`, and its journal keeps bicubic under `floor`.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import paretosr as psr
from blocks import load_network
from profilers.predictor import CalibrationHeader
from search.preparation import STORED_CALIBRATION
from search.storage.study import read_run

RUN = Path(__file__).parents[1] / "data" / "run_of_before"
TRAINED = "splitsr-x2-a6e46bd5be"


class Warnings:
    """A listener that keeps what it is warned of."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None:
        self.texts.append(text)

    def progress(self, done: int, total: int, text: str = "") -> None: ...


def test_its_trials_and_bicubic_are_read() -> None:
    run = psr.open_run(RUN)
    # As its own trials.csv had them.
    assert run.trials["arch_id"].tolist() == ["bicubic-x2", "splitsr-x2-3c51eb8be2", TRAINED]
    assert run.trials["psnr_y_db"].round(3).tolist() == [32.480, 31.874, 31.583]
    assert run.trials["latency_ms"].round(4).tolist()[1:] == [0.3528, 0.3585]
    assert run.trials["state"].tolist() == 3 * ["trained"]
    assert run.front["family"].tolist() == ["bicubic"]


def test_its_checkpoint_is_the_network_of_its_trial() -> None:
    model = psr.load(f"{RUN}:1")
    assert model.weights == RUN / "checkpoints" / TRAINED / "seed-0" / "model.safetensors"
    assert model.config is not None and model.config.arch_id == TRAINED
    assert load_network(model.weights).config == model.config
    assert psr.open_run(RUN).model(1) == model


def test_its_search_goes_on(tmp_path: Path) -> None:
    run_dir, listener = tmp_path / "run", Warnings()
    shutil.copytree(RUN, run_dir)
    before = read_run(run_dir).records
    run = psr.resume(run_dir, listener=listener)
    assert run.ended == "the budget of 2 trained candidates is spent"
    assert run.records == before
    assert any("cannot be checked" in text for text in listener.texts)


@pytest.mark.parametrize("name", ["calm_share", "quiet_share"])
def test_how_quiet_the_machine_was_is_read_under_both_names(name: str) -> None:
    stored: dict[str, Any] = yaml.safe_load((RUN / "run.yaml").read_text())["calibration"]
    share = stored.pop("calm_share")
    assert share == pytest.approx(0.136, abs=1e-3)
    stored[name] = share
    assert STORED_CALIBRATION.validate_python(stored).quiet_share == share
    header = {**stored, "format": "paretosr-calibration-3", "scale": 2, "device": {}}
    assert CalibrationHeader.model_validate(header).quiet_share == share
