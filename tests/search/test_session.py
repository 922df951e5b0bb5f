"""Starting and continuing real searches, and what is refused before anything is trained.

Covers search.preparation and search.report.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import yaml

from paretosr import open_run
from search.config import SearchConfig
from search.listening import Standing
from search.report import phase_seconds, run_settings
from search.session import read_config, resume_search, start_search
from search.storage.changes import Changes
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real search of three candidates with measured latencies, two seeds each."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    config = SearchConfig.model_validate(
        {
            "scale": 2,
            "families": {
                "splitsr": {"channels": 8, "groups": 1, "blocks": 1, "upsampler": "one_step"},
                "seemore": {"channels": 8, "groups": 1, "recursion": 1},
            },
            "objectives": ["psnr_y_db", "latency_ms"],
            "constraints": {"peak_memory_mib": {"max": 10_000}},
            "training": {"precision": "float32", "seeds": 2},
            "budget": {"trials": 3, "steps": 3},
            "target": "eager:lr=24x32",
            "timing_seconds": 0.2,
            "sampler": "random",
            "workers": 1,
        }
    )
    start_search(config, folder, Quiet())
    return folder


def test_a_training_in_rungs_ends_as_one_in_one_go_and_cools_down_once(tmp_path: Path) -> None:
    found = []
    rungs, cooled = {"rungs": [5, 10]}, {"name": "steady", "cooldown_fraction": 0.4}
    for number, (ladder, recipe) in enumerate(
        ((rungs, cooled), ("none", cooled), (rungs, "steady"))
    ):
        config = SearchConfig.model_validate(
            {
                "scale": 2,
                "families": {
                    "seemore": {
                        "channels": 8,
                        "groups": 1,
                        "experts": 1,
                        "growth": "linear",
                        "top_k": 1,
                        "recursion": 1,
                        "shuffle": False,
                        "kernel": 5,
                        "ffn_ratio": 1.0,
                    },
                },
                "objectives": ["psnr_y_db", "macs"],
                "training": {
                    "recipe": recipe,
                    "precision": "float32",
                },
                "budget": {"trials": 1, "steps": 10},
                "ladder": ladder,
                "workers": 1,
            }
        )
        start_search(config, tmp_path / str(number), Quiet())
        found.append(read_run(tmp_path / str(number)))
    in_rungs, whole, uncooled = (run.records for run in found)
    assert [it.psnr_y_db for it in in_rungs] == [it.psnr_y_db for it in whole]
    assert [it.psnr_y_db for it in in_rungs] != [it.psnr_y_db for it in uncooled]
    assert [it.train_steps for it in in_rungs] == [10]
    ladders = [run.ladder for run in found if run.ladder is not None]
    (first, last), (first_uncooled, _) = (ladder.curves for ladder in ladders)
    assert [first.steps, last.steps] == [5, 10]
    assert first.psnr_y_db == first_uncooled.psnr_y_db


class Quiet:
    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def progress(self, done: int, total: int, text: str = "") -> None: ...

    def trial_started(self, record: Any, standing: Standing) -> None: ...

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None: ...

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None: ...

    def trial_finished(self, record: Any) -> None: ...


def test_everything_asked_for_is_measured(finished_run: Path) -> None:
    trained = [r for r in read_run(finished_run).records if r.state == "trained"]
    assert len(trained) == 3
    for record in trained:
        assert record.latency_ms is not None and record.latency_ms > 0
        assert record.latency_ci_low_ms is not None and record.latency_ci_high_ms is not None
        assert record.latency_ci_low_ms <= record.latency_ms <= record.latency_ci_high_ms
        assert record.peak_memory_mib is not None and record.peak_memory_mib > 0
        assert record.psnr_y_std_db is not None and record.psnr_y_std_db > 0
        assert (record.train_steps, record.lr_height_px, record.lr_width_px) == (3, 24, 32)
        for seed in (0, 1):
            checkpoint = RunDirectory(finished_run).checkpoints(record.arch_id, seed)
            assert (checkpoint / "model.safetensors").is_file()


def test_the_settings_say_on_what_and_how_it_was_measured(finished_run: Path) -> None:
    settings = RunDirectory(finished_run).read_settings()
    assert settings["precision"] == {"splitsr": "float32", "seemore": "float32"}
    assert settings["calibration"]["reference"] == "reference-v1"
    assert settings["config"]["training"]["threads"] == 1
    assert {"torch_version", "python_version", "cpu_model"} <= settings["device"].keys()


def test_the_baseline_is_bicubic_and_costs_no_macs(finished_run: Path) -> None:
    baseline = read_run(finished_run).baseline
    assert baseline is not None
    assert (baseline.family, baseline.params, baseline.macs) == ("bicubic", 0, 0)
    # On chelsea, rocket and camera; scikit-image's own resize gives about the same. Of the raw
    # values of camera, which has one channel, the mean is 32.48.
    assert baseline.psnr_y_db == pytest.approx(32.48 + 1.3219 / 3, abs=0.01)
    assert baseline.latency_ms is not None and baseline.latency_ms > 0


def test_a_finished_search_ends_at_once(finished_run: Path) -> None:
    before = read_run(finished_run)
    assert "3 trained candidates" in resume_search(finished_run, Quiet())
    after = read_run(finished_run)
    assert (after.records, after.baseline) == (before.records, before.baseline)


def test_the_report_is_rebuilt_from_the_journal_alone(finished_run: Path) -> None:
    first = open_run(finished_run).report()
    written = [path for path in vars(first.files).values() if path is not None]
    contents = {path: path.read_bytes() for path in written}
    for path in contents:
        path.unlink()
    open_run(finished_run).report()
    assert {path: path.read_bytes() for path in contents} == contents


def test_a_run_is_reported_without_torch(finished_run: Path) -> None:
    program = (
        "import sys; from paretosr import open_run\n"
        "run = open_run(sys.argv[1]).report(); run.trials; run.plot(x='latency_ms')\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(finished_run)]).returncode == 0


def test_the_parts_of_the_time_add_up(finished_run: Path) -> None:
    records = read_run(finished_run).records
    total = sum(record.wall_seconds for record in records)
    assert sum(phase_seconds(records).values()) == pytest.approx(total)
    assert phase_seconds(records)["measuring"] > 0.2


def test_a_directory_with_a_run_is_not_started_again(finished_run: Path) -> None:
    config = read_config(finished_run)
    with pytest.raises(ValueError, match="continue it with `paretosr search --resume"):
        start_search(config, finished_run, Quiet())
    other = config.model_copy(update={"seed": 5})
    with pytest.raises(ValueError, match="one of another config"):
        start_search(other, finished_run, Quiet())
    with pytest.raises(ValueError, match="must belong to the config given"):
        resume_search(finished_run, Quiet(), expected=other)


def test_a_corrupt_journal_is_named_by_its_line(finished_run: Path, tmp_path: Path) -> None:
    copy = RunDirectory(tmp_path)
    copy.settings.write_bytes(RunDirectory(finished_run).settings.read_bytes())
    lines = RunDirectory(finished_run).journal.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4][:10] + b"\n"
    copy.journal.write_bytes(b"".join(lines))
    for attempt in (lambda: read_run(tmp_path), lambda: resume_search(tmp_path, Quiet())):
        with pytest.raises(ValueError, match="line 5 is corrupt"):
            attempt()
    assert copy.journal.read_bytes() == b"".join(lines)


@pytest.mark.parametrize(
    ("contents", "words"),
    [(None, "must hold run.yaml"), ("[1]", "mapping"), ("{", "YAML"), ("a: 1", "config")],
)
def test_what_is_no_run_directory_is_refused(
    tmp_path: Path, contents: str | None, words: str
) -> None:
    if contents is not None:
        RunDirectory(tmp_path).settings.write_text(contents)
    with pytest.raises(ValueError, match=words):
        resume_search(tmp_path, Quiet())


def test_constraints_that_nothing_keeps_are_found_before_any_file_is_made(
    tmp_path: Path, small_search: dict[str, Any]
) -> None:
    config = SearchConfig.model_validate({**small_search, "constraints": {"macs": {"max": 1000}}})
    with pytest.raises(ValueError, match="none does: the nearest splitsr network"):
        start_search(config, tmp_path / "run", Quiet())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("split", ["training", "validation"])
def test_a_missing_data_folder_is_named(
    tmp_path: Path, small_search: dict[str, Any], split: str
) -> None:
    missing = tmp_path / "photographs"
    config = SearchConfig.model_validate({**small_search, "data": {split: str(missing)}})
    with pytest.raises(ValueError, match="photographs"):
        start_search(config, tmp_path / "run", Quiet())
    assert not (tmp_path / "run").exists()


def test_a_validation_image_of_infinite_psnr_is_named_before_any_file_is_made(
    tmp_path: Path, small_search: dict[str, Any]
) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    PIL.Image.new("RGB", (64, 64), (20, 200, 20)).save(photographs / "flat.png")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    PIL.Image.fromarray(noise).save(photographs / "noise.png")
    config = SearchConfig.model_validate({**small_search, "data": {"validation": str(photographs)}})
    with pytest.raises(ValueError, match=r"must have a finite PSNR, .*: remove flat\.png from"):
        start_search(config, tmp_path / "run", Quiet())
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="shows what is said without CUDA")
@pytest.mark.parametrize(
    "change", [{"training": {"device": "cuda"}}, {"target": "eager:device=cuda"}]
)
def test_a_missing_device_is_named(
    tmp_path: Path, small_search: dict[str, Any], change: dict[str, Any]
) -> None:
    config = SearchConfig.model_validate({**small_search, **change})
    with pytest.raises(ValueError, match=r"device=cuda.* cannot be used here"):
        start_search(config, tmp_path / "run", Quiet())


@pytest.mark.skipif(torch.cuda.is_available(), reason="shows what is said without CUDA")
def test_the_training_device_is_not_asked_of_the_runtime_that_is_measured(
    tmp_path: Path, small_search: dict[str, Any]
) -> None:
    pytest.importorskip("openvino", reason="needs OpenVINO: pip install 'paretosr[openvino]'")
    change = {"training": {"device": "cuda"}, "target": "openvino"}
    config = SearchConfig.model_validate({**small_search, **change})
    with pytest.raises(ValueError, match=r"eager:device=cuda.* cannot be used here"):
        start_search(config, tmp_path / "run", Quiet())


def test_relative_folders_keep_their_meaning_wherever_a_search_is_continued(
    tmp_path: Path, small_search: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.config import load_search_config

    path = tmp_path / "search.yaml"
    path.write_text(yaml.safe_dump({**small_search, "data": {"training": "photographs"}}))
    monkeypatch.chdir(tmp_path)
    config = load_search_config(path)
    assert config.data.training == str(tmp_path / "photographs")
    assert config.data.validation == "bundled"


def test_the_cheapest_of_several_targets_counts_and_is_named(tmp_path: Path) -> None:
    """Whichever layout is the faster one, its time, ratio and calibration belong together."""
    targets = ["eager:lr=24x32", "eager:lr=24x32,layout=nchw"]
    config = SearchConfig.model_validate(
        {
            "scale": 2,
            "families": {"splitsr": {"channels": [8, 16], "groups": 1, "blocks": 1}},
            "objectives": ["psnr_y_db", "latency_ms"],
            "training": {"precision": "float32"},
            "budget": {"trials": 2, "steps": 2},
            "target": targets,
            "timing_seconds": 0.2,
            "sampler": "random",
            "workers": 1,
        }
    )
    start_search(config, tmp_path / "run", Quiet())
    names = [str(target) for target in config.targets]
    settings = RunDirectory(tmp_path / "run").read_settings()
    assert settings["config"]["target"] == names
    assert settings["calibration"]["target"] == names[0]
    assert settings["other_calibrations"].keys() == {names[1]}
    before = read_run(tmp_path / "run").records
    trained = [record for record in before if record.state == "trained" and not record.is_baseline]
    assert len(trained) == 2
    times_ms = {
        names[0]: settings["calibration"]["reference_ms"],
        names[1]: settings["other_calibrations"][names[1]]["reference_ms"],
    }
    for record in trained:
        assert record.latency_ms is not None and record.latency_ratio is not None
        # Of the target that is named: its ratio times the reference's time there.
        expected_ms = record.latency_ratio * times_ms[str(record.target)]
        assert record.latency_ms == pytest.approx(expected_ms)
    resume_search(tmp_path / "run", Quiet(), changes=Changes(trials=3))
    assert (
        RunDirectory(tmp_path / "run").read_settings()["other_calibrations"]
        == (settings["other_calibrations"])
    )
    assert run_settings(settings).target == f"the cheapest of {', '.join(names)}"
