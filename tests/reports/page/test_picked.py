"""The pick of a page: remembered, or the knee."""

import json
from pathlib import Path
from typing import Any

import pytest

from reports.page.picked import PICK_FILE, picked
from reports.run_settings import RunSettings

SETTINGS = RunSettings(
    scale=2, objectives=("psnr_y_db", "latency_ms"), training_data="bundled",
    validation_data="bundled", train_steps=1000, recipe="quick", sampler="tpe", seed=7,
)  # fmt: skip


@pytest.fixture
def records(pages: Any) -> list[Any]:
    """The knee is trial 1: it gains most of the quality for little of the time."""
    points = ((10.0, 34.0), (15.0, 36.0), (100.0, 36.5))
    return [pages.network(trial, *point) for trial, point in enumerate(points)]


def keep(folder: Path, **changes: object) -> None:
    kept = {"selector": "latency_ms<=12", "by": "psnr_y_db", "trial": 0}
    (folder / PICK_FILE).write_text(
        json.dumps({**kept, "arch_id": "splitsr-x2-0000000000"} | changes)
    )


def test_without_a_pick_it_is_the_knee(records: list[Any], tmp_path: Path) -> None:
    found = picked(tmp_path, records, SETTINGS)
    assert found is not None and (found.selector, found.chosen.trial) == ("knee", 1)
    assert picked(tmp_path, [], SETTINGS) is None


def test_a_pick_that_still_holds(records: list[Any], tmp_path: Path) -> None:
    keep(tmp_path)
    found = picked(tmp_path, records, SETTINGS)
    assert found is not None and (found.chosen.trial, found.runner_up) == (0, None)
    assert "latency_ms" in found.selector and "trial 0" in found.why[0]


def test_a_pick_that_would_be_another_now(records: list[Any], pages: Any, tmp_path: Path) -> None:
    keep(tmp_path)
    found = picked(tmp_path, [*records, pages.network(4, 9.0, 38.0)], SETTINGS)
    assert found is not None and found.chosen.trial == 0
    assert found.why == ("it was picked by 'latency_ms<=12', which would choose another one now",)


def test_a_damaged_pick_is_named_in_one_line(records: list[Any], tmp_path: Path) -> None:
    keep(tmp_path, trial=7)
    with pytest.raises(ValueError, match=r"pick\.json must name a trial of the run, got trial 7"):
        picked(tmp_path, records, SETTINGS)
    keep(tmp_path, trial="x")
    with pytest.raises(ValueError, match=r"pick\.json: trial"):
        picked(tmp_path, records, SETTINGS)
