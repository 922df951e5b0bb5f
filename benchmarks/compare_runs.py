"""Several runs of the same space side by side, their hypervolumes from one reference point.

The runs may have been calibrated minutes apart, on a machine that was faster or slower then:
their latency ratios are turned into milliseconds by the first run's calibration. The
reference point is bicubic's PSNR and 1.1 times the largest latency among all runs.

    python benchmarks/compare_runs.py runs/set5-tpe runs/set5-random --name set5_x2
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reports.records import TrialRecord
from reports.run_report import default_reference, run_hypervolume
from search.report import phase_seconds, run_settings
from search.storage.study import RunContents, read_run

HERE = Path(__file__).resolve().parent


def rows_of(run: RunContents, reference_ms: float) -> list[TrialRecord]:
    """The baseline and the trials, their latencies in units of one calibration."""
    records = run.records if run.baseline is None else (run.baseline, *run.records)
    return [
        record
        if record.latency_ratio is None
        else replace(record, latency_ms=record.latency_ratio * reference_ms)
        for record in records
    ]


def table(runs: Sequence[RunContents]) -> list[str]:
    reference_ms = runs[0].settings["calibration"]["reference_ms"]
    rows = [rows_of(run, reference_ms) for run in runs]
    settings = run_settings(runs[0].settings)
    reference = default_reference([row for run in rows for row in run], settings.objectives)
    lines = [
        "| sampler | seed | trained | best PSNR (dB) | its latency (ms) | hypervolume | minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    for run, records in zip(runs, rows, strict=True):
        own = replace(run_settings(run.settings), reference=reference)
        trained = [record for record in records if record.state == "trained"]
        best = max(trained, key=lambda record: record.psnr_y_db or 0.0)
        volume = run_hypervolume(records, own)
        cells = (
            own.sampler,
            own.seed,
            sum(not record.is_baseline for record in trained),
            f"{best.psnr_y_db:.2f} ({best.arch_id})",
            f"{best.latency_ms:.1f}",
            f"{volume.volume:.2f}" if volume else "-",
            f"{sum(phase_seconds(run.records).values()) / 60:.1f}",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    bounds = ", ".join(f"{name} {value:.4g}" for name, value in (reference or {}).items())
    data = f"trained on {settings.training_name}, validated on {settings.validation_name}"
    steps = f"{settings.train_steps} steps of the {settings.recipe} recipe"
    return [
        *lines,
        "",
        f"x{settings.scale}, {data}, {steps}; {settings.target}.",
        "",
        f"Reference point of the hypervolume: {bounds}.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--name", required=True, help="of the result file")
    arguments = parser.parse_args()
    text = "\n".join(table([read_run(folder) for folder in arguments.runs])) + "\n"
    sys.stdout.write(text)
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"{arguments.name}.md").write_text(f"`{Path(__file__).name}`\n\n{text}")


if __name__ == "__main__":
    main()
