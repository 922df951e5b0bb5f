"""How well a calibration predicts networks that it has not seen.

The predictor is frozen first. Then networks are drawn at random from the default spaces of all
families, those of the calibration left out, and each is predicted and measured.

    paretosr calibrate CALIBRATION --target eager:threads=1,lr=64x64
    python benchmarks/predictor.py CALIBRATION [--networks 200] [--seconds 4] [--seed 1]

writes results/predictor.md beside this script, anew after every network.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paretosr.calibrating import space_and_target
from paretosr.progress import progress_bar
from profilers import LatencyMeter, Subject, Target
from profilers.predictor import CalibrationFile, CannotPredict, LatencyPredictor
from search.calibrating import NETWORK_SECONDS
from search.space.sample import networks

RESULT = Path(__file__).resolve().parent / "results" / "predictor.md"


@dataclass(frozen=True)
class Checked:
    """One network: what was said of it, and what was found."""

    family: str
    measured: float
    predicted: float
    is_within_interval: bool

    @property
    def error(self) -> float:
        return self.predicted / self.measured - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("calibration", type=Path)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=NETWORK_SECONDS, help="to measure each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    file = CalibrationFile(options.calibration)
    for checked, refused in check(file, options.networks, options.seconds, options.seed):
        RESULT.write_text(page(file, checked, refused, options.seconds), encoding="utf-8")


def check(
    file: CalibrationFile, count: int, seconds: float, seed: int
) -> Iterator[tuple[list[Checked], list[str]]]:
    """Predict and measure `count` networks; what is refused is drawn in addition.

    Yields all that is known after every network.
    """
    predictor, target = LatencyPredictor.load(file), Target.parse(file.header.target)
    space, _ = space_and_target(None, None, file.header.scale)
    seen = {network.config.arch_id for network in file.networks}
    checked: list[Checked] = []
    refused: list[str] = []
    with (
        LatencyMeter(target) as meter,
        progress_bar("checking", total=count, silent=False, still=True) as update,
    ):
        device = meter.describe_device()
        for config in networks(space, spread="random", seed=seed):
            if len(checked) == count:
                break
            if config.arch_id in seen:
                continue
            try:
                prediction = predictor.predict(Subject(config), target, device)
            except CannotPredict as reason:
                refused.append(f"{config.family}: {reason}")
                continue
            latency = meter.measure(Subject(config), file.header.calibration, max_seconds=seconds)
            ratio = latency.latency_ratio
            inside = prediction.ci_low <= ratio <= prediction.ci_high
            checked.append(Checked(config.family, ratio, prediction.latency_ratio, inside))
            update(len(checked))
            yield checked, refused


def page(file: CalibrationFile, checked: list[Checked], refused: list[str], seconds: float) -> str:
    by_family: defaultdict[str, list[Checked]] = defaultdict(list)
    for network in checked:
        by_family[network.family].append(network)
    header = file.header
    minutes = sum(network.seconds for network in file.networks) / 60
    return "\n".join(
        [
            "# Predicted and measured latency",
            "",
            f"`{Path(__file__).name}`: {header.target}, networks of scale {header.scale}. The "
            f"calibration measured {len(file.networks)} networks in {minutes:.1f} minutes; those "
            f"of the table were drawn after it and measured for at most {seconds:g} s each.",
            "",
            "| family | networks | within 10 % | within 15 % | median error | in 90 % interval |",
            "|---|--:|--:|--:|--:|--:|",
            *(row(family, part) for family, part in by_family.items()),
            row("all", checked),
            "",
            f"Not predicted, so not counted: {len(refused)}.",
            *(f"- {line}" for line in refused),
            "",
            ", ".join(f"{key} {value}" for key, value in header.device.items()),
            "",
        ]
    )


def row(family: str, checked: list[Checked]) -> str:
    errors = np.abs([network.error for network in checked])
    inside = np.mean([network.is_within_interval for network in checked])
    return (
        f"| {family} | {len(checked)} | {100 * np.mean(errors <= 0.1):.1f} %"
        f" | {100 * np.mean(errors <= 0.15):.1f} % | {100 * np.median(errors):.1f} %"
        f" | {100 * inside:.1f} % |"
    )


if __name__ == "__main__":
    main()
