"""A run's files are whole, repeatable, and need neither torch nor Optuna.

Covers reports.run_settings.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from reports.records import TrialRecord
from reports.run_report import default_reference, run_hypervolume, write_report
from reports.run_settings import RunSettings

FILES = ["front.csv", "pareto.png", "psnr_vs_gmacs.png", "trials.csv"]


def test_report_of_a_run_is_repeatable(
    records: list[TrialRecord], settings: RunSettings, tmp_path: Path
) -> None:
    first = write_report(tmp_path, records, settings)
    contents = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(contents) == FILES
    assert pd.read_csv(first.front_csv)["arch_id"].tolist() == [
        records[place].arch_id for place in (0, 1, 2, 3)
    ]
    assert len(pd.read_csv(first.trials_csv)) == len(records)
    assert write_report(tmp_path, records, settings) == first
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == contents


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_run_that_has_just_begun_has_a_report(
    records: list[TrialRecord], settings: RunSettings, tmp_path: Path, count: int
) -> None:
    write_report(tmp_path, records[:count], settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def test_hypervolume_from_the_default_reference(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    # Bicubic's 33 dB, and 1.1 x the worst latency of 50 ms = 55 ms. Widths x heights:
    # (20 - 10) x 2 + (40 - 20) x 2.05 + (55 - 40) x 3 = 20 + 41 + 45.
    result = run_hypervolume(records, settings)
    assert result is not None
    assert result.reference == pytest.approx({"psnr_y_db": 33.0, "latency_ms": 55.0})
    assert result.volume == pytest.approx(106.0)
    assert str(result) == "hypervolume 106 (psnr_y_db above 33, latency_ms below 55)"


def test_hypervolume_from_a_given_reference(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    given = replace(settings, reference={"latency_ms": 45.0, "psnr_y_db": 35.5})
    result = run_hypervolume(records, given)
    assert result is not None
    assert result.volume == pytest.approx((45 - 40) * (36 - 35.5))
    with pytest.raises(ValueError, match="needs a number for psnr_y_db"):
        run_hypervolume(records, replace(settings, reference={"latency_ms": 45.0}))


def test_no_hypervolume_without_networks(records: list[TrialRecord], settings: RunSettings) -> None:
    assert run_hypervolume(records[:1], settings) is None
    assert default_reference([], settings.objectives) is None


def test_reference_without_bicubic_is_the_worst_network(records: list[TrialRecord]) -> None:
    reference = default_reference(records[1:], ("psnr_y_db", "params"))
    assert reference == pytest.approx({"psnr_y_db": 35.0, "params": 4400.0})


def test_reports_load_neither_torch_nor_optuna() -> None:
    code = (
        "import sys, reports.run_report; "
        "print([name for name in ('torch', 'optuna', 'blocks', 'matplotlib.pyplot') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
