"""`psr.evaluate` gives what the command prints, as a table and with full precision.

Covers paretosr.results.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import paretosr as psr
from imaging.evaluation import evaluate_quality, prepare_validation
from imaging.images import load_images
from imaging.imresize import upscale_bicubic


def test_bicubic_is_judged_on_the_bundled_photographs() -> None:
    evaluation = psr.evaluate(psr.load("bicubic", scale=3))
    pairs = prepare_validation(load_images("bundled", split="validation").images, 3)
    quality = evaluate_quality(lambda low: upscale_bicubic(low, 3), pairs)
    assert evaluation.images == quality.images
    assert (evaluation.psnr_y_db, evaluation.ssim_y) == (quality.psnr_y_db, quality.ssim_y)
    assert (evaluation.scale, evaluation.variant, evaluation.total) == (3, None, 3)


def test_the_command_prints_the_same(
    cli: Callable[..., Any], checkpoint: Path, photographs: Path
) -> None:
    evaluation = psr.evaluate(checkpoint, photographs, variant="in_place")
    options = ("--data", photographs, "--variant", "in_place")
    assert cli("evaluate", checkpoint, *options, "--json").json == evaluation.to_dict()
    (table,) = evaluation.tables()
    for row in table.rows:
        assert list(row) in [
            line.split() for line in cli("evaluate", checkpoint, *options).out.splitlines()
        ]
    assert table.rows[-1][0] == "mean"
    assert repr(evaluation) == str(evaluation) == table.to_text()
    assert f"<td>{evaluation.images[0].name}</td>" in evaluation._repr_html_()


def test_a_result_cannot_be_changed(checkpoint: Path, photographs: Path) -> None:
    evaluation = psr.evaluate(checkpoint, photographs, variant="in_place")
    with pytest.raises(AttributeError):
        evaluation.scale = 3  # type: ignore[misc]


def test_a_missing_folder_is_one_line() -> None:
    with pytest.raises(ValueError, match="'nowhere' does not exist"):
        psr.evaluate(psr.load("bicubic", scale=2), "nowhere")
