"""How well a calibration predicts networks that it has not seen.

The predictor is frozen first. Then networks are drawn at random from the default spaces of all
families, those of the calibration left out, and each is predicted, and measured, in passes that
lie minutes apart. What is predicted is the latency on a quiet machine, so all networks are measured
twice, and those that never met a quiet machine in the other passes too: what shares the machine
stays for seconds or minutes, and no measurement that is shorter can avoid it. Where there was a
quiet measurement it counts alone.

    paretosr calibrate CALIBRATION --target eager:threads=1,lr=64x64
    python benchmarks/predictor.py CALIBRATION [--networks 200] [--seconds 1.25] \
        [--passes 6] [--seed 1]

writes results/predictor.md and predictor.csv beside this script, anew after every measurement,
and goes on with a predictor.csv of the same networks and predictions.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import geometric_mean
from typing import NamedTuple

import numpy as np
import pandas as pd

from blocks import NetworkConfig
from paretosr.cli.listener import TerminalListener
from paretosr.measuring.calibrating import space_and_target
from profilers import LatencyMeter, Subject, Target
from profilers.predictor import CalibrationFile, CannotPredict, LatencyPredictor, Prediction
from search.calibrating import MEASUREMENT_SECONDS
from search.space.sample import networks

RESULTS = Path(__file__).resolve().parent / "results"
MEASURED_AT_LEAST = 2
# Measured first, without counting, to learn what a quiet machine is.
LEARNING_NETWORKS = 12


class Measured(NamedTuple):
    """A ratio to the reference, and how much of it is of a quiet machine (see `Latency`)."""

    ratio: float
    quiet_share: float | None


@dataclass(frozen=True)
class Checked:
    """One network: what was said of it, and what was found in each pass."""

    config: NetworkConfig
    prediction: Prediction
    measured: list[Measured] = field(default_factory=list)

    @property
    def quiet(self) -> list[float]:
        """What was measured on a quiet machine, or could not be noisy by sharing a core."""
        return [one.ratio for one in self.measured if one.quiet_share in (None, 1)]

    @property
    def ratio(self) -> float:
        return geometric_mean(self.quiet or [one.ratio for one in self.measured])

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
    parser.add_argument("--passes", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    file = CalibrationFile(options.calibration)
    checked, refused = predicted(file, options.networks, options.seed)
    take_up(checked, RESULTS / "predictor.csv")
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


def take_up(checked: list[Checked], path: Path) -> None:
    """Add what was measured of the same networks, if they were predicted alike, as `path` says."""
    if not path.exists():
        return
    before = pd.read_csv(path)
    checked = checked[: len(before)]
    known = before["arch_id"].tolist() == [network.config.arch_id for network in checked]
    predicted = [network.prediction.latency_ratio for network in checked]
    if not known or not np.allclose(before["predicted"], predicted, rtol=1e-6):
        return
    passes = sum(name.startswith("measured_") for name in before.columns)
    for number in range(1, passes + 1):
        pairs = before[[f"measured_{number}", f"quiet_{number}"]].to_numpy().tolist()
        for network, (ratio, quiet_share) in zip(checked, pairs, strict=True):
            if ratio > 0:
                network.measured.append(Measured(ratio, quiet_share if quiet_share >= 0 else None))


def measurements(
    file: CalibrationFile, checked: list[Checked], seconds: float, passes: int
) -> Iterator[None]:
    """Measure the networks in so many passes; yield after each measurement.

    Raises:
        ValueError: the calibration is one of another machine.
    """
    target, header = Target.parse(file.header.target), file.header
    with LatencyMeter(target) as meter, TerminalListener() as listener:
        listener.status("checking")
        misfit = header.misfit(target, header.scale, meter.describe_device())
        if misfit is not None:
            raise ValueError(f"the calibration does not apply: {misfit}")

        def measured(network: Checked) -> Measured:
            latency = meter.measure(
                Subject(network.config), header.calibration, max_seconds=seconds
            )
            return Measured(latency.latency_ratio, latency.quiet_share)

        for network in checked[:LEARNING_NETWORKS]:
            measured(network)
        done = 0
        for _ in range(passes):
            for network in checked:
                done += 1
                if len(network.measured) < MEASURED_AT_LEAST or not network.quiet:
                    network.measured.append(measured(network))
                    listener.progress(done, passes * len(checked))
                    yield


def page(file: CalibrationFile, checked: list[Checked], refused: list[str], seconds: float) -> str:
    found = [network for network in checked if network.measured]
    groups: defaultdict[str, list[Checked]] = defaultdict(list)
    for network in found:
        groups[network.config.family].append(network)
    groups["all"] = found
    groups["met a quiet machine"] = [network for network in found if network.quiet]
    groups["never met one"] = [network for network in found if not network.quiet]
    header = file.header
    fewest, most = (pick(len(network.measured) for network in found) for pick in (min, max))
    minutes = sum(measurement.seconds for measurement in file.measurements) / 60
    return "\n".join(
        [
            "# Predicted and measured latency",
            "",
            f"`{Path(__file__).name}`: {header.target}, networks of scale {header.scale}. The "
            f"calibration measured {len(file.networks)} networks, {len(file.measurements)} "
            f"measurements in all, in {minutes:.1f} minutes; those of the table were drawn and "
            f"predicted after it, and measured {fewest} to {most} times for {seconds:g} s, minutes "
            "apart. Of a network that met a quiet machine, what was measured there counts; of the "
            "others, all.",
            "",
            "| networks | number | within 10 % | within 15 % | median error | in 90 % interval |",
            "|---|--:|--:|--:|--:|--:|",
            *(row(name, part) for name, part in groups.items() if part),
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
            "ratio": network.ratio,
            **{
                f"{column}_{number}": value
                for number, (ratio, quiet_share) in enumerate(network.measured, 1)
                for column, value in (("measured", ratio), ("quiet", quiet_share))
            },
        }
        for network in checked
        if network.measured
    )


def row(name: str, checked: list[Checked]) -> str:
    errors = np.abs([network.error for network in checked])
    inside = np.mean([network.is_within_interval for network in checked])
    return (
        f"| {name} | {len(checked)} | {100 * np.mean(errors <= 0.1):.1f} %"
        f" | {100 * np.mean(errors <= 0.15):.1f} % | {100 * np.median(errors):.1f} %"
        f" | {100 * inside:.1f} % |"
    )


if __name__ == "__main__":
    main()
