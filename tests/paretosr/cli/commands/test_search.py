import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from blocks import load_checkpoint, save_checkpoint
from paretosr import open_run


def test_a_search_leaves_a_run(run_dir: Path) -> None:
    names = {path.name for path in run_dir.iterdir()}
    assert names >= {"run.yaml", "study.journal", "checkpoints", "trials.csv", "front.csv"}
    assert names >= {"pareto.png", "psnr_vs_gmacs.png"}


def test_what_is_set_of_the_recipe_is_trained_and_kept_in_the_run(
    cli: Callable[..., Any], small_search: Path, tmp_path: Path
) -> None:
    config = tmp_path / "set.yaml"
    recipe = "recipe: {learning_rate: 1e-3, ema_decay: 0.9}"
    text = small_search.read_text().replace("training: {", f"training: {{{recipe}, ")
    config.write_text(text.replace("trials: 2", "trials: 1"))
    run_dir = tmp_path / "run"
    assert cli("search", config, "--out", run_dir).status == 0
    settings = yaml.safe_load((run_dir / "run.yaml").read_text())
    assert settings["config"]["training"]["recipe"] == {
        "name": "quick",
        "learning_rate": 0.001,
        "ema_decay": 0.9,
    }
    (checkpoint,) = run_dir.glob("checkpoints/*/*/model.safetensors")
    recipe = json.loads(load_checkpoint(checkpoint).metadata["recipe"])
    assert (recipe["learning_rate"], recipe["ema_decay"], recipe["name"]) == (0.001, 0.9, "quick")
    assert open_run(run_dir).settings.recipe == "quick (learning_rate 0.001, ema_decay 0.9)"
    assert cli("search", "--resume", run_dir).status == 0


def test_one_teacher_teaches_every_candidate(
    cli: Callable[..., Any], small_search: Path, checkpoint: Path, tmp_path: Path
) -> None:
    teacher, run_dir = tmp_path / "teacher.safetensors", tmp_path / "run"
    training = {"precision": "float32", "recipe": {"teacher": str(teacher)}}
    config = _changed(small_search, tmp_path, training=training, budget={"trials": 1, "steps": 2})
    missing = cli("search", config, "--out", tmp_path / "without")
    assert missing.status == 2
    assert missing.err.splitlines()[-1] == f"paretosr: no such file: {teacher}"
    stored = load_checkpoint(checkpoint)
    save_checkpoint(teacher, stored.tensors, stored.config, {})
    assert cli("search", config, "--out", run_dir).status == 0
    (trained,) = run_dir.glob("checkpoints/*/*/model.safetensors")
    assert stored.config.arch_id in load_checkpoint(trained).metadata["teacher"]
    assert not (run_dir / "taught_images").exists()
    doubled = {name: 2 * tensor for name, tensor in stored.tensors.items()}
    save_checkpoint(teacher, doubled, stored.config, {})
    other = cli("search", "--resume", run_dir)
    assert other.status == 2
    assert "every candidate must have the same teacher, but this run began with" in other.err


def test_resuming_a_search_whose_budget_is_spent_trains_nothing(
    cli: Callable[..., Any], run_dir: Path
) -> None:
    checkpoints = {path: path.stat().st_mtime for path in run_dir.rglob("*.safetensors")}
    completed = cli("search", "--resume", run_dir, "--json")
    assert completed.status == 0
    assert completed.json["trials"] >= 2
    assert {path: path.stat().st_mtime for path in run_dir.rglob("*.safetensors")} == checkpoints


def _changed(small_search: Path, folder: Path, **changes: object) -> Path:
    config = yaml.safe_load(small_search.read_text(encoding="utf-8"))
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump({**config, **changes}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objektives": ["macs"]}, "unknown key 'objektives'; did you mean 'objectives'?"),
        ({"families": {"splitsr": {"groups": {"low": 3, "high": 1}}}}, "families.splitsr.groups"),
        ({"families": {"splitsr": {"chanels": 8}}}, "did you mean 'channels'?"),
        ({"constraints": {"macs": {"max": 1000}}}, "macs"),
        ({"constraints": {"macs": {"min": 2, "max": 1}}}, "min <= max must hold"),
        ({"data": {"training": "nowhere"}}, "does not exist"),
        ({"target": "egaer"}, "did you mean 'eager'?"),
        ({"budget": {}}, "a budget needs trials, minutes or both"),
        ({"sampler": "nsga3"}, "nsga2"),
        ({"workers": 0}, "workers should be greater than or equal to 1, got 0"),
        ({"workers": 10**6}, "workers must be at most"),
    ],
)
def test_a_config_that_cannot_be_searched_is_one_line(
    cli: Callable[..., Any],
    small_search: Path,
    tmp_path: Path,
    changes: dict[str, object],
    message: str,
) -> None:
    config = _changed(small_search, tmp_path, **changes)
    completed = cli("search", config, "--out", tmp_path / "run")
    assert (completed.status, completed.out) == (2, "")
    line = completed.err.splitlines()[-1]
    assert line.startswith("paretosr: ")
    assert message in line


def test_a_run_of_another_config_is_left_alone(
    cli: Callable[..., Any], small_search: Path, run_dir: Path, tmp_path: Path
) -> None:
    journal = (run_dir / "study.journal").read_bytes()
    completed = cli("search", _changed(small_search, tmp_path, seed=7), "--out", run_dir)
    assert (completed.status, completed.out) == (2, "")
    assert "another config" in completed.err
    assert (run_dir / "study.journal").read_bytes() == journal


@pytest.mark.parametrize("arguments", [[], ["--out", "runs/x"], ["--resume", "a", "--out", "b"]])
def test_neither_or_both_of_config_and_resume(
    cli: Callable[..., Any], arguments: list[str]
) -> None:
    completed = cli("search", *arguments)
    assert (completed.status, completed.out) == (2, "")
    assert "CONFIG.yaml" in completed.err


def test_a_refused_search_names_no_run(
    cli: Callable[..., Any], small_search: Path, tmp_path: Path
) -> None:
    config = _changed(small_search, tmp_path, constraints={"params": {"max": 1}})
    completed = cli("search", config, "--out", tmp_path / "run")
    assert completed.status == 2
    assert "the run is in" not in completed.err
    assert not (tmp_path / "run").exists()


def test_a_bound_out_of_reach_is_said_before_anything_is_trained(
    cli: Callable[..., Any], small_search: Path, tmp_path: Path
) -> None:
    config = _changed(
        small_search,
        tmp_path,
        constraints={"latency_ms": {"max": 1e-6}},
        target="eager:lr=16x16",
        timing_seconds=0.1,
    )
    run_dir = tmp_path / "run"
    ended = cli("search", config, "--out", run_dir, "--json")
    assert ended.status == 1
    assert "no network is likely to keep latency_ms <= 1e-06: of the" in ended.err
    assert ended.json["unkept"] in ended.err
    assert [row["arch_id"] for row in ended.json["front"]] == ["bicubic-x2"]
    assert ended.json["trials"] == 0
    again = cli("search", "--resume", run_dir)
    assert (again.status, again.out.splitlines()[0]) == (1, ended.json["unkept"])
    report = cli("report", run_dir)
    assert (report.status, report.out.splitlines()[0]) == (0, ended.json["unkept"])


def test_the_minutes_of_a_budget_are_those_of_preparing_too(
    cli: Callable[..., Any], small_search: Path, tmp_path: Path
) -> None:
    config = _changed(small_search, tmp_path, budget={"minutes": 1e-6, "steps": 1})
    ended = cli("search", config, "--out", tmp_path / "run")
    assert ended.status == 1
    assert "no trial has ended: the budget was spent on preparing; raise budget.minutes" in (
        ended.out
    )
