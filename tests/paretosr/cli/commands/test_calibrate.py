"""`paretosr calibrate`, and what `profile` makes of a calibration.

Covers paretosr.measuring.calibrating.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from search.space import SearchSpace, SplitSRSpace
from search.space.sample import networks

SPACE = SearchSpace(2, (SplitSRSpace(channels=(8, 16), upsampler="one_step"),))
FEW_HYPERPARAMETERS = {
    "scale": 2,
    "families": {"splitsr": {"channels": 8, "groups": 1, "blocks": [1, 2], "hybrid_index": [0, 1]}},
    "objectives": ["psnr_y_db"],
    "budget": {"trials": 1},
    "target": "eager:lr=16x16",
}


@pytest.fixture
def calibration(known_costs: Any, tmp_path: Path) -> Path:
    """A finished calibration of forty networks."""
    path = tmp_path / "known.jsonl"
    known_costs.file(path, list(itertools.islice(networks(SPACE, seed=0), 40)))
    return path


def test_a_finished_calibration_says_how_well_it_predicts(cli: Any, calibration: Path) -> None:
    before = calibration.read_bytes()
    options = ("--target", "eager:lr=16x16", "--minutes", "0.01", "--json")
    answer = cli("calibrate", calibration, *options).json
    assert (answer["networks"], answer["reference_ms"]) == (40, 2.0)
    assert answer["families"]["splitsr"]["within_tenth"] > 0.9
    assert calibration.read_bytes() == before


def test_a_profile_shows_the_prediction_beside_the_measurement(
    cli: Any, calibration: Path, tiny_network: Path
) -> None:
    options = ("--target", "eager:lr=16x16", "--max-seconds", "1", "--calibration", calibration)
    answer = cli("profile", tiny_network, *options, "--json").json
    predicted = answer["prediction"]
    assert answer["source"] == "measured"
    assert predicted["ci_low"] < predicted["latency_ratio"] < predicted["ci_high"]
    # Milliseconds are the stored reference's in both.
    assert answer["latency_ms"] == pytest.approx(2 * answer["latency_ratio"])


def test_what_cannot_be_predicted_is_measured_and_said(
    cli: Any, calibration: Path, tiny_network: Path
) -> None:
    options = ("--target", "eager:lr=16x24", "--max-seconds", "1", "--calibration", calibration)
    done = cli("profile", tiny_network, *options)
    assert done.status == 0
    assert "measured, not predicted: the calibration does not apply" in done.err
    assert "predicted latency" not in done.out


def test_too_short_a_calibration_keeps_what_it_has(cli: Any, tmp_path: Path) -> None:
    config, path = tmp_path / "search.yaml", tmp_path / "new.jsonl"
    config.write_text(json.dumps(FEW_HYPERPARAMETERS), encoding="utf-8")
    done = cli("calibrate", path, "--config", config, "--minutes", "0.01")
    assert done.status == 2
    assert "from 9 networks of each family on" in done.err and "more --minutes" in done.err
    assert len(path.read_text(encoding="utf-8").splitlines()) > 1


def test_bad_input_is_one_line(cli: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "table.csv"
    wrong.write_text("model,scale\n", encoding="utf-8")
    for arguments, reason in (
        (("calibrate", wrong), "line 1: must be JSON"),
        (("calibrate", tmp_path / "x.jsonl", "--scale", "5"), "scale: should be 2, 3 or 4"),
        (("calibrate", tmp_path / "x.jsonl", "--target", "egaer"), "eager"),
        (("profile", "splitsr", "--scale", "2", "--calibration", wrong), "must be JSON"),
    ):
        done = cli(*arguments)
        assert (done.status, len(done.err.splitlines())) == (2, 1), arguments
        assert reason in done.err
