"""How well a calibration predicts networks that it has not seen.

The predictor is frozen first. Then networks are drawn at random from the default spaces of all
families, those of the calibration left out, and each is predicted, and measured as often and as
long as in a calibration, in passes that lie minutes apart. On a busy machine one measurement
differs from the next by 3 % (standard deviation), whether it takes 1 or 4 s, since other work
there disturbs it for seconds.

    paretosr calibrate CALIBRATION --target eager:threads=1,lr=64x64
    python benchmarks/predictor.py CALIBRATION [--networks 200] [--seconds 1.25] \
        [--passes 2] [--seed 1]

writes results/predictor.md and predictor.csv beside this script, anew after every measurement.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import geometric_mean

import numpy as np
import pandas as pd

from blocks import NetworkConfig
from paretosr.calibrating import space_and_target
from paretosr.progress import progress_bar
from profilers import LatencyMeter, Subject, Target
from profilers.predictor import CalibrationFile, CannotPredict, LatencyPredictor, Prediction
from search.calibrating import MEASUREMENT_SECONDS
from search.space.sample import networks

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Checked:
    """One network: what was said of it, and what was found in each pass."""

    config: NetworkConfig
    prediction: Prediction
    measured: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return geometric_mean(self.measured)

    @property
    def error(self) -> float:
        return self.prediction.latency_ratio / self.ratio - 1

    @property
    def is_within_interval(self) -> bool:
        return self.prediction.ci_low <= self.ratio <= self.prediction.ci_high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("calibration", type=Path)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument(
        "--seconds", type=float, default=MEASUREMENT_SECONDS, help="to measure each"
    )
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    file = CalibrationFile(options.calibration)
    checked, refused = predicted(file, options.networks, options.seed)
    for _ in measurements(file, checked, options.seconds, options.passes):
        text = page(file, checked, refused, options.seconds)
        (RESULTS / "predictor.md").write_text(text, encoding="utf-8")
        table(checked).to_csv(RESULTS / "predictor.csv", index=False)


def predicted(file: CalibrationFile, count: int, seed: int) -> tuple[list[Checked], list[str]]:
    """Predict `count` networks; what is refused is drawn in addition, and told with its reason."""
    predictor, target = LatencyPredictor.load(file), Target.parse(file.header.target)
    space, _ = space_and_target(None, None, file.header.scale)
    seen = {measurement.config.arch_id for measurement in file.measurements}
    checked: list[Checked] = []
    refused: list[str] = []
    for config in networks(space, seed=seed):
        if len(checked) == count:
            break
        if config.arch_id in seen:
            continue
        try:
            prediction = predictor.predict(Subject(config), target, file.header.device)
        except CannotPredict as reason:
            refused.append(f"{config.family}: {reason}")
            continue
        checked.append(Checked(config, prediction))
    return checked, refused


def measurements(
    file: CalibrationFile, checked: list[Checked], seconds: float, passes: int
) -> Iterator[None]:
    """Measure all networks `passes` times, one after the other; yield after each measurement.

    Raises:
        ValueError: the calibration is one of another machine.
    """
    target, header = Target.parse(file.header.target), file.header
    with (
        LatencyMeter(target) as meter,
        progress_bar("checking", total=passes * len(checked), silent=False, still=True) as update,
    ):
        misfit = header.misfit(target, header.scale, meter.describe_device())
        if misfit is not None:
            raise ValueError(f"the calibration does not apply: {misfit}")
        for done, network in enumerate(passes * checked, start=1):
            latency = meter.measure(
                Subject(network.config), header.calibration, max_seconds=seconds
            )
            network.measured.append(latency.latency_ratio)
            update(done)
            yield


def page(file: CalibrationFile, checked: list[Checked], refused: list[str], seconds: float) -> str:
    found = [network for network in checked if network.measured]
    by_family: defaultdict[str, list[Checked]] = defaultdict(list)
    for network in found:
        by_family[network.config.family].append(network)
    header = file.header
    passes = " or ".join(map(str, sorted({len(network.measured) for network in found})))
    minutes = sum(measurement.seconds for measurement in file.measurements) / 60
    return "\n".join(
        [
            "# Predicted and measured latency",
            "",
            f"`{Path(__file__).name}`: {header.target}, networks of scale {header.scale}. The "
            f"calibration measured {len(file.networks)} networks, {len(file.measurements)} "
            f"measurements in all, in {minutes:.1f} minutes; those "
            f"of the table were drawn and predicted after it, and measured {passes} times for "
            f"{seconds:g} s, in passes through all of them.",
            "",
            "| family | networks | within 10 % | within 15 % | median error | in 90 % interval |",
            "|---|--:|--:|--:|--:|--:|",
            *(row(family, part) for family, part in by_family.items()),
            row("all", found),
            "",
            f"Not predicted, so not counted: {len(refused)}.",
            *(f"- {line}" for line in refused),
            "",
            ", ".join(f"{key} {value}" for key, value in header.device.items()),
            "",
        ]
    )


def table(checked: list[Checked]) -> pd.DataFrame:
    """Every network with its prediction and all that was measured, as ratios to the reference."""
    return pd.DataFrame(
        {
            "arch_id": network.config.arch_id,
            "config": network.config.model_dump_json(),
            "predicted": network.prediction.latency_ratio,
            "ci_low": network.prediction.ci_low,
            "ci_high": network.prediction.ci_high,
            **{f"measured_{number}": ratio for number, ratio in enumerate(network.measured, 1)},
        }
        for network in checked
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
