"""Runs of one task side by side.

Covers paretosr.cli.commands.compare_runs.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import paretosr as psr
from reports.pareto import hypervolume

CommandLine = Callable[..., Any]
RUN_OF_BEFORE = Path(__file__).resolve().parents[2] / "data" / "run_of_before"


def changed(run_dir: Path, copy: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of a run whose settings differ."""
    shutil.copytree(run_dir, copy)
    settings = yaml.safe_load((copy / "run.yaml").read_text(encoding="utf-8"))
    change(settings)
    (copy / "run.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return copy


def seeded(seed: int) -> Callable[[dict[str, Any]], object]:
    return lambda settings: settings["config"].update(seed=seed)


@pytest.fixture
def three(run_dir: Path, tmp_path: Path) -> list[Path]:
    """Two seeds of a run, and one of another sampler."""
    return [
        run_dir,
        changed(run_dir, tmp_path / "seed-1", seeded(1)),
        changed(run_dir, tmp_path / "other", lambda it: it["config"].update(sampler="random")),
    ]


def test_runs_that_differ_in_their_seed_are_one_group(three: list[Path]) -> None:
    comparison = psr.compare_runs(three)
    assert [len(group.runs) for group in comparison.groups] == [2, 1]
    assert [group.label for group in comparison.groups] == ["sampler nsga2", "sampler random"]
    (pair,) = comparison.pairs
    assert pair.difference == 0 and pair.verdict.startswith("not distinguishable: 2 and 1 seeds")


def test_a_run_that_began_with_an_earlier_one_is_no_other_seed_of_it(
    run_dir: Path, tmp_path: Path
) -> None:
    began = changed(run_dir, tmp_path / "warm", lambda it: it.update(warm_start=[str(run_dir)]))
    labels = [group.label for group in psr.compare_runs([run_dir, began]).groups]
    assert labels == ["warm_start none", "warm_start 1"]


def test_a_setting_with_parts_is_named_by_them_alone(run_dir: Path, tmp_path: Path) -> None:
    rungs = {"rungs": [1, 2]}
    plain = changed(run_dir, tmp_path / "plain", lambda it: it["config"].update(ladder="none"))
    ladder = changed(run_dir, tmp_path / "ladder", lambda it: it["config"].update(ladder=rungs))
    labels = [group.label for group in psr.compare_runs([plain, ladder]).groups]
    assert labels == ["ladder none", "rungs [1, 2]"]


def test_the_hypervolume_is_that_of_the_stated_reference_point(three: list[Path]) -> None:
    comparison = psr.compare_runs(three)
    run = psr.open_run(three[0])
    assert comparison.reference["psnr_y_db"] == run.baseline.psnr_y_db  # type: ignore[union-attr]
    trained = run.trials[run.trials["family"] != "bicubic"]
    assert comparison.reference["macs"] == pytest.approx(1.1 * trained["macs"].max())
    points = [(-row.psnr_y_db, row.macs) for row in trained.itertuples()]
    bound = (-comparison.reference["psnr_y_db"], comparison.reference["macs"])
    assert comparison.groups[0].median == pytest.approx(hypervolume(points, bound))


def test_latencies_of_other_moments_are_brought_to_one_unit(tmp_path: Path) -> None:
    """As if the second run had been measured when the machine took twice as long."""

    def slower(settings: dict[str, Any]) -> None:
        settings["calibration"]["reference_ms"] *= 2
        settings["config"]["seed"] = 1

    second = changed(RUN_OF_BEFORE, tmp_path / "slower", slower)
    comparison = psr.compare_runs([RUN_OF_BEFORE, second])
    assert comparison.note.startswith(
        "Latencies are ratios to the reference network, times the 1.06"
    )
    first, other = comparison.records.values()
    timed = [(one.latency_ms, two.latency_ms) for one, two in zip(first, other, strict=True)]
    assert len(timed) > 2 and all(one == pytest.approx(two) for one, two in timed)
    assert comparison.pairs == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it["config"].update(scale=3), "the scale of .* differ: 2 and 3"),
        (lambda it: it["config"].update(objectives=["psnr_y_db"]), "the objectives of"),
        (lambda it: it["config"].update(target="eager:lr=48x48"), "the target of"),
    ],
)
def test_other_tasks_are_refused(
    run_dir: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    other = changed(run_dir, tmp_path / "other", change)
    with pytest.raises(ValueError, match=f"compared on one task, but {message}"):
        psr.compare_runs([run_dir, other])


def test_other_images_are_refused(run_dir: Path, tmp_path: Path) -> None:
    other = changed(run_dir, tmp_path / "other", seeded(1))
    (other / "images.json").write_text('{"training": {}, "validation": {"a.png": "0"}}')
    with pytest.raises(ValueError, match="were validated on other images"):
        psr.compare_runs([run_dir, other])


def test_how_many_runs(run_dir: Path) -> None:
    with pytest.raises(ValueError, match="two runs or more are compared, got 1"):
        psr.compare_runs([run_dir])
    with pytest.raises(ValueError, match="each run must be given once"):
        psr.compare_runs([run_dir, run_dir])


def test_the_command_prints_tables_json_and_a_figure(
    cli: CommandLine, three: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "runs.pdf"
    completed = cli("compare-runs", *three, "--out", out, "--width", "column")
    assert completed.status == 0 and str(out) in completed.out
    assert "not distinguishable" in completed.out
    assert "Hypervolumes are measured from" in completed.out
    assert out.read_bytes().partition(b"/MediaBox [ 0 0 ")[2].startswith(b"244.8 ")
    answer = cli("compare-runs", *three, "--json").json
    assert answer["figure"] is None and len(answer["groups"]) == 2
    assert answer["differences"][0]["p_value"] is None


def test_no_torch_is_loaded(three: list[Path]) -> None:
    program = (
        "import sys\nfrom paretosr.cli.app import run\n"
        "assert run(['compare-runs', *sys.argv[1:]]) == 0\n"
        "assert run(['table', sys.argv[1], 'published:Set5:IMDN']) == 0\n"
        "sys.exit('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program, *map(str, three)]
    completed = subprocess.run(command, capture_output=True)
    assert completed.returncode == 0, completed.stderr.decode()
