"""A run from Python: its tables, its figure, its models; a search given as a mapping."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import paretosr as psr


def test_trials_and_front_are_the_tables_of_the_report(run_dir: Path) -> None:
    run = psr.open_run(run_dir)
    for table, name in ((run.trials, "trials.csv"), (run.front, "front.csv")):
        written = pd.read_csv(run_dir / name)
        assert table["arch_id"].tolist() == written["arch_id"].tolist()
        assert table["macs"].tolist() == written["macs"].tolist()
    assert run.trials["family"].tolist()[0] == "bicubic"
    assert (run.ended, run.files) == (None, None)


def test_the_front_is_what_nothing_beats(run_dir: Path) -> None:
    run = psr.open_run(run_dir)
    kept = run.trials[run.trials["state"] == "trained"]
    for row in kept.itertuples():
        better = kept[(kept["psnr_y_db"] >= row.psnr_y_db) & (kept["macs"] <= row.macs)]
        is_beaten = bool(
            ((better["psnr_y_db"] > row.psnr_y_db) | (better["macs"] < row.macs)).any()
        )
        assert (row.arch_id in set(run.front["arch_id"])) is not is_beaten


def test_a_trial_is_a_model_with_its_weights(run_dir: Path) -> None:
    run = psr.open_run(run_dir)
    trained = next(record for record in run.records if record.state == "trained")
    model = run.model(trained.arch_id)
    assert run.model(trained.trial).config == model.config
    assert model.network().config == model.config
    with pytest.raises(ValueError, match="must hold a trial '999'"):
        run.model(999)


def test_a_figure_of_any_two_columns(run_dir: Path, tmp_path: Path) -> None:
    figure = psr.open_run(run_dir).plot(x="params", y="ssim_y")
    figure.savefig(tmp_path / "figure.svg")
    assert figure.axes[0].get_xlabel() == "parameters (thousands)"
    with pytest.raises(ValueError, match="twice"):
        psr.open_run(run_dir).plot(x="macs", y="macs")


def test_a_run_is_shown_as_a_table(run_dir: Path) -> None:
    run = psr.open_run(run_dir)
    document = json.loads(json.dumps(run.to_dict()))
    assert document["files"] == {} and document["objectives"] == ["psnr_y_db", "macs"]
    for row in document["front"]:
        assert row["arch_id"] in str(run) and row["arch_id"] in run._repr_html_()
    assert f"{len(run.records)} trials" in str(run)


def test_a_search_is_given_as_a_mapping_too(
    tmp_path: Path, small_search: Path, run_dir: Path
) -> None:
    config: dict[str, Any] = yaml.safe_load(small_search.read_text())
    run = psr.search(config, tmp_path / "run")
    # The config of `run_dir`, so that the trials are the same.
    before = psr.open_run(run_dir)
    assert run.trials["arch_id"].tolist() == before.trials["arch_id"].tolist()
    assert run.trials["psnr_y_db"].tolist() == before.trials["psnr_y_db"].tolist()
    assert run.ended == "the budget of 2 trained candidates is spent"
    assert run.files is not None and run.files.pareto_png.exists()


def test_plot_and_report_load_no_torch(run_dir: Path) -> None:
    program = (
        "import sys\nfrom paretosr.cli.app import run\n"
        "assert run(['report', sys.argv[1], '--json']) == run(['plot', sys.argv[1]]) == 0\n"
        "sys.exit('torch' in sys.modules)"
    )
    completed = subprocess.run([sys.executable, "-c", program, str(run_dir)], capture_output=True)
    assert completed.returncode == 0, completed.stderr.decode()
