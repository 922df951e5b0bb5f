"""Pruned and distilled networks beside those of a run, as a function and as a command.

Covers search.insights.judging and paretosr.cli.commands.report.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import paretosr as psr
from blocks import load_checkpoint, save_checkpoint
from blocks.checkpoints import weights_digest
from profilers import Calibration, Target

Cli = Callable[..., Any]


@dataclass(frozen=True)
class Relatives:
    """A run, and networks that were made of its first trial."""

    run: Path
    pruned: Path
    pupil: Path


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, run_dir: Path, tiny_network: Path, photographs: Path
) -> Relatives:
    """One by `prune`, and one by `train` with a teacher."""
    folder = tmp_path_factory.mktemp("made")
    psr.prune(f"{run_dir}:0", folder / "small", keep=0.7, steps=0, data=photographs)
    teacher = psr.load(f"{run_dir}:0").weights
    psr.train(
        tiny_network,
        folder / "pupil",
        data=photographs,
        validation=photographs,
        steps=1,
        teacher=teacher,
        precision="float32",
    )
    return Relatives(run_dir, folder / "small", folder / "pupil")


@pytest.fixture
def relatives(made: Relatives, tmp_path: Path) -> Relatives:
    """With a copy of the run."""
    return Relatives(shutil.copytree(made.run, tmp_path / "run"), made.pruned, made.pupil)


def test_they_are_judged_on_the_runs_images_and_shown_from_then_on(
    cli: Cli, relatives: Relatives, photographs: Path
) -> None:
    options = ["--compressed", relatives.pruned, "--compressed", relatives.pupil]
    completed = cli("report", relatives.run, *options, "--json")
    run = psr.open_run(relatives.run)
    trial = run.records[0]
    rows = completed.json["compression"]
    assert [row["form"] for row in rows] == ["float32", "pruned", "distilled"]
    assert {row["network"] for row in rows} == {trial.arch_id}
    assert (rows[0]["trial"], rows[0]["psnr_y_db"]) == (0, trial.psnr_y_db)
    for row in rows[1:]:
        evaluation = psr.evaluate(row["file"], photographs)
        assert row["psnr_y_db"] == pytest.approx(evaluation.psnr_y_db, abs=1e-4)
        tensors = load_checkpoint(Path(row["file"])).tensors.values()
        assert row["size_kib"] == sum(tensor.nbytes for tensor in tensors) / 1024
        assert row["psnr_change_db"] == row["psnr_y_db"] - trial.psnr_y_db
        assert row["latency_ms"] is None  # which the run asked for of none
    assert {path.name for path in relatives.run.iterdir()} >= {"compression.csv", "compression.png"}
    assert "ms is left out: not known of any of them" in run.sentences()
    names = next(line for line in str(run).splitlines() if "small" in line)
    assert names.split() == [trial.arch_id, "#0", "small", "pupil"]
    # Known by now, so that the photographs are not even looked at.
    (relatives.run / "images.json").unlink()
    again = psr.judge_compressed(relatives.run, [relatives.pupil, relatives.pruned])
    assert again.compressed == run.compressed


def test_they_are_timed_on_the_runs_target_by_its_calibration(relatives: Relatives) -> None:
    settings = yaml.safe_load((relatives.run / "run.yaml").read_text())
    config = settings["config"]
    config |= {"objectives": ["psnr_y_db", "latency_ms"], "timing_seconds": 0.05}
    calibration = Calibration(str(Target.parse(config["target"])), "reference-v1", 100.0, "cpu", 9)
    settings |= {"calibration": vars(calibration), "target_device": settings["device"]}
    (relatives.run / "run.yaml").write_text(yaml.safe_dump(settings))
    (judged,) = psr.judge_compressed(relatives.run, relatives.pupil).compressed
    record = judged.record
    assert (judged.name, record.state, record.target) == ("pupil", "trained", calibration.target)
    assert record.latency_ratio is not None and record.latency_ratio > 0
    assert record.latency_ms == pytest.approx(100 * record.latency_ratio)
    assert (record.train_steps, record.trial) == (1, None)


def test_what_cannot_be_judged_says_why_and_is_tried_again(
    relatives: Relatives, tmp_path: Path
) -> None:
    checkpoint = load_checkpoint(relatives.pupil / "model.safetensors")
    broken = {name: torch.full_like(it, torch.nan) for name, it in checkpoint.tensors.items()}
    file = tmp_path / "broken.safetensors"
    save_checkpoint(file, broken, checkpoint.config, checkpoint.metadata)
    run = psr.judge_compressed(relatives.run, file)
    (judged,) = run.compressed
    assert judged.record.state == "failed" and judged.record.psnr_y_db is None
    assert "weights must be finite" in str(judged.record.reason)
    assert any("distilled is empty for #0: failed" in line for line in run.sentences())
    save_checkpoint(file, checkpoint.tensors, checkpoint.config, checkpoint.metadata)
    (mended,) = psr.judge_compressed(relatives.run, file).compressed
    assert mended.record.state == "trained"
    assert mended.weights == weights_digest(checkpoint.tensors) != judged.weights


def test_a_folder_may_hold_others_and_a_file_may_not(
    cli: Cli, relatives: Relatives, checkpoint: Path, tmp_path: Path
) -> None:
    refused = cli("report", relatives.run, "--compressed", checkpoint)
    assert refused.status == 2 and "names neither a parent nor a teacher" in refused.err
    assert not (relatives.run / "compressed.json").exists()
    shutil.copytree(checkpoint.parent, tmp_path / "all" / "other")
    shutil.copytree(relatives.pruned, tmp_path / "all" / "small")
    with pytest.warns(UserWarning, match=r"passed over: .*/other/model.safetensors must be"):
        (judged,) = psr.judge_compressed(relatives.run, tmp_path / "all").compressed
    assert judged.name == "small"


def test_a_replay_has_trained_nothing(relatives: Relatives) -> None:
    settings = yaml.safe_load((relatives.run / "run.yaml").read_text())
    settings["replayed_from"] = "somewhere"
    (relatives.run / "run.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(ValueError, match="is a replay of somewhere"):
        psr.judge_compressed(relatives.run, relatives.pupil)
