"""The latency of the tabular benchmark's networks, and of two published designs, on two targets.

    python benchmarks/tabular_latency.py [--work runs/tabular] [--seconds 3] [--passes 2]

appends to tabular/latency.csv one row for each measurement: of every network in so many passes, on
eager and on ONNX Runtime, one thread each. A second call goes on where the first one stopped, on
the same machine: the calibrations of the first are in tabular/calibrations.json. Networks that
decide by their input are timed with the weights of their first seed, which tabular.py has left in
the folder --work; where these are missing, that is said and they are left out.
"""

import argparse
import csv
import io
import json
from collections import Counter
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

import pandas as pd
from common import stop_by_sigterm
from tabular_architectures import architectures, published_designs
from tabular_table import FOLDER, Job, Trainings

from blocks import NetworkConfig
from foundation.append_only import append_line, cut_torn_line
from foundation.atomic import write_text_atomically
from foundation.documents import read_json
from paretosr.cli.listener import TerminalListener
from profilers import Calibration, LatencyMeter, Subject, Target
from training.state import MODEL_FILE

LATENCY = FOLDER / "latency.csv"
CALIBRATIONS = FOLDER / "calibrations.json"
TARGETS = ("eager:threads=1,lr=180x320", "onnxruntime:threads=1,lr=180x320")
CALIBRATION_SECONDS = 20.0


@dataclass(frozen=True)
class Row:
    """One measurement."""

    arch_id: str
    target: str
    latency_ms: float
    latency_ci_low_ms: float
    latency_ci_high_ms: float
    latency_ratio: float
    variant: str
    quiet_share: float | None
    """How much of it met a quiet machine."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, default=Path("runs/tabular"), help="checkpoints")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each measurement")
    parser.add_argument("--passes", type=int, default=2)
    options = parser.parse_args()
    stop_by_sigterm()
    with TerminalListener() as listener:
        designs = {config.arch_id: config for config in published_designs().values()}
        subjects, missing = subjects_of(architectures() | designs, options.work)
        if missing:
            listener.warning(f"left out, for their trained weights are missing: {missing} networks")
        try:
            measure_all(subjects, options.passes, options.seconds, listener)
        except KeyboardInterrupt:
            listener.warning("stopped; the same command goes on")


def subjects_of(configs: dict[str, NetworkConfig], work: Path) -> tuple[dict[str, Subject], int]:
    """What can be timed, and how many networks cannot."""
    subjects = {}
    for arch_id, config in configs.items():
        weights = work / Job(arch_id, 0, ()).name / MODEL_FILE
        if not config.is_input_adaptive:
            subjects[arch_id] = Subject(config)
        elif not Trainings().missing(arch_id, 0) and weights.exists():
            subjects[arch_id] = Subject(config, weights)
    return subjects, len(configs) - len(subjects)


def measure_all(
    subjects: dict[str, Subject], passes: int, seconds: float, listener: TerminalListener
) -> None:
    """Measure what the table lacks; the passes of a network lie as far apart as they can."""
    counts = measured()
    total = passes * len(subjects) * len(TARGETS)
    done = 0
    for number in range(passes):
        for name in TARGETS:
            with LatencyMeter(Target.parse(name)) as meter:
                listener.status(f"measuring on {name}, pass {number + 1}")
                calibration = calibrated(meter)
                for arch_id, subject in subjects.items():
                    done += 1
                    if counts[arch_id, name] <= number:
                        latency = meter.measure(subject, calibration, max_seconds=seconds)
                        append(
                            Row(
                                arch_id,
                                name,
                                round(latency.latency_ms, 4),
                                round(latency.latency_ci_low_ms, 4),
                                round(latency.latency_ci_high_ms, 4),
                                round(latency.latency_ratio, 6),
                                latency.variant or "",
                                latency.quiet_share,
                            )
                        )
                    listener.progress(done, total, arch_id)


def measured() -> Counter[tuple[str, str]]:
    """How often each network was measured on each target."""
    if not LATENCY.exists():
        write_text_atomically(LATENCY, ",".join(field.name for field in fields(Row)) + "\n")
    cut_torn_line(LATENCY)
    rows = pd.read_csv(LATENCY)
    return Counter(zip(rows["arch_id"], rows["target"], strict=True))


def append(row: Row) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(astuple(row))
    append_line(LATENCY, line.getvalue())


def calibrated(meter: LatencyMeter) -> Calibration:
    """The calibration that all measurements of a target share; made by the first.

    Raises:
        ValueError: it is one of another machine.
    """
    known = dict(read_json(CALIBRATIONS)) if CALIBRATIONS.exists() else {}
    device = dict(meter.describe_device())
    stored = known.get(str(meter.target))
    if stored is None:
        calibration = meter.calibrate(CALIBRATION_SECONDS)
        known[str(meter.target)] = {"device": device, "calibration": asdict(calibration)}
        write_text_atomically(CALIBRATIONS, json.dumps(known, indent=2) + "\n")
        return calibration
    if stored["device"]["cpu_model"] != device["cpu_model"]:
        raise ValueError(
            f"the latencies are of {stored['device']['cpu_model']}, this is {device['cpu_model']}: "
            f"go on there, or delete {LATENCY.name} and {CALIBRATIONS.name}"
        )
    return Calibration(**stored["calibration"])


if __name__ == "__main__":
    main()
