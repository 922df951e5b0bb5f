"""The four systems at their published sizes, each trained for the same processor time.

Every training runs by the system's own recipe, whose schedule shrinks in proportion, with small
batches and a higher learning rate for a short time on a CPU. The number of steps follows from
a few timed ones and is kept in the folder, so that the script can be interrupted and called again.
Then each network is judged on Set5 with hard masks and hard routes, and its cost is measured.

    python benchmarks/published_systems.py --data BSDS400 --set5 Set5 --b100 B100 \
        [--minutes 5] [--out runs/published-systems] [--only NAME ...]

writes results/published_systems.md beside this script.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from common import paretosr

from blocks import load_network
from blocks.networks.registry import SuperResolutionNetwork
from blocks.pixels import to_images
from blocks.variants.registry import in_variant, variants_of
from imaging.evaluation import prepare_validation
from imaging.images import load_images
from profilers import (
    LatencyMeter,
    Subject,
    Target,
    analytic_cost,
    describe_device,
    executed_macs,
)

RESULT = Path(__file__).resolve().parent / "results" / "published_systems.md"
MIXED = str(Path(__file__).resolve().parents[1] / "examples" / "classsr-mixed-x4.yaml")
PROBE_STEPS = 24
TARGET = Target.parse("eager:threads=1,lr=180x320")
TIMING_SECONDS = 15.0
# The variants that leave out what an image does not need.
SPARING_VARIANTS = ("sparse", "selected", "routed")

# The sections of a training's report in which a network says what it decides.
DECISIONS = ("Active fraction", "Classes of the validation patches")

SMALL = ("--batch-size", "8", "--lr-patch", "16")


@dataclass(frozen=True)
class Stage:
    """One call of `paretosr train` and its part of the time."""

    recipe: str
    options: tuple[str, ...]
    share: float = 1.0


@dataclass(frozen=True)
class System:
    """A network of the catalogue, or of a file, and how it is trained."""

    name: str
    model: str
    scale: int
    stages: tuple[Stage, ...]
    steps_of: str = ""
    """The system that it makes as many steps as; its own time decides, if none."""


def folder_name(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name.lower())


def routing_stages(branch_learning_rate: float, *start: str) -> tuple[Stage, ...]:
    """Branches on small patches and batches; decisions on whole patches, 33 at a time."""
    rate = ("--learning-rate", str(branch_learning_rate), "--ema-decay", "0.999")
    small = ("--batch-size", "4", "--lr-patch", "16", "--set", "routing.label_weight=1")
    labelled = ("--batch-size", "11", "--set", "routing.label_weight=10")
    return (
        Stage("classsr-branch", (*small, *rate, *start), 0.85),
        Stage("classsr-classifier", (*labelled, "--learning-rate", "5e-4"), 0.1),
        Stage("classsr-joint", (*labelled, "--learning-rate", "2e-5"), 0.05),
    )


# The published weight of 0.1 leaves a quarter active after so few steps, at a loss of 0.4 dB.
SPARSE = Stage("smsr", (*SMALL, "--learning-rate", "1e-3", "--set", "sparsity.weight=0.008"))
DENSE = Stage("smsr", (*SMALL, "--learning-rate", "1e-3", "--set", "sparsity.weight=0"))
SYSTEMS = (
    System("SplitSR", "splitsr", 2, (Stage("splitsr", (*SMALL, "--learning-rate", "1e-3")),)),
    System("SeemoRe-T", "seemore-t", 2, (Stage("seemore", (*SMALL, "--learning-rate", "2e-3")),)),
    System("SMSR", "smsr", 2, (SPARSE,)),
    System("SMSR without sparsity loss", "smsr", 2, (DENSE,), steps_of="SMSR"),
    System("ClassSR-FSRCNN", "classsr-fsrcnn", 4, routing_stages(3e-3, "--init", "interpolation")),
    System("ClassSR, mixed branches", MIXED, 4, routing_stages(2e-3)),
)


@dataclass(frozen=True)
class Result:
    """What the last training of a system reported, and the seconds of all of them."""

    system: System
    report: dict[str, object]
    train_seconds: float
    steps: tuple[int, ...]
    checkpoint: Path


def train(system: System, options: argparse.Namespace) -> Result:
    folder = options.out / folder_name(system.name)
    steps_folder = options.out / folder_name(system.steps_of or system.name)
    previous: Path | None = None
    reports = []
    for stage in system.stages:
        command = (
            *("train", system.model, "--scale", str(system.scale), "--recipe", stage.recipe),
            *("--data", options.data, *stage.options),
            *(("--init", str(previous)) if previous else ()),
        )
        seconds = 60 * options.minutes * stage.share
        steps = str(settled_steps(command, steps_folder / f"{stage.recipe}-steps.json", seconds))
        # Judged once, at the end: the time is for training.
        photographs = options.b100 if len(system.stages) > 1 else options.set5
        judged = ("--validation", photographs, "--validate-every", steps)
        out = folder / stage.recipe
        reports.append(paretosr(*command, *judged, "--steps", steps, "--out", str(out)))
        previous = out / "model.safetensors"
    assert previous is not None
    return Result(
        system,
        reports[-1],
        sum(float(str(report["train_seconds"])) for report in reports),
        tuple(int(str(report["train_steps"])) for report in reports),
        previous,
    )


def settled_steps(command: Sequence[str], file: Path, seconds: float) -> int:
    """The steps that take so many seconds, timed at the first call."""
    if not file.exists():
        probe = (*command, "--steps", str(PROBE_STEPS), "--validate-every", str(PROBE_STEPS))
        report = paretosr(*probe, "--out", str(file.with_suffix("")))
        per_step = float(str(report["train_seconds"])) / PROBE_STEPS
        file.write_text(json.dumps({"steps": max(1, round(seconds / per_step))}))
    return int(json.loads(file.read_text())["steps"])


def row(result: Result, set5: str, baselines: dict[int, float]) -> str:
    system, scale = result.system, result.system.scale
    quality = paretosr("evaluate", str(result.checkpoint), "--data", set5)
    if scale not in baselines:
        baseline = paretosr("evaluate", "bicubic", "--data", set5, "--scale", str(scale))
        baselines[scale] = float(str(baseline["psnr_y_db"]))
    psnr = float(str(quality["psnr_y_db"]))
    network = load_network(result.checkpoint)
    config = network.config
    cost = analytic_cost(config, TARGET)
    executed = mean_executed_macs(network, set5)
    with LatencyMeter(TARGET) as meter:
        calibration = meter.calibrate(TIMING_SECONDS / 3)
        subject = Subject(config, result.checkpoint)
        latency = meter.measure(subject, calibration, max_seconds=TIMING_SECONDS)
    return (
        f"| {system.name} x{scale} | {psnr:.2f} | {psnr - baselines[scale]:+.2f}"
        f" | {cost.params:,} | {cost.macs / 1e9:.1f} | {executed / 1e9:.1f}"
        f" | {latency.latency_ms:.0f} ({latency.variant}) | {latency.latency_ratio:.2f}"
        f" | {' + '.join(f'{steps:,}' for steps in result.steps)} | {result.train_seconds:.0f} |"
    )


def mean_executed_macs(network: SuperResolutionNetwork, set5: str) -> float:
    """Over Set5, in the variant that leaves out what it can."""
    scale = network.config.scale
    variants = [variant for variant in variants_of(network.config) if variant in SPARING_VARIANTS]
    sparing = in_variant(network, variants[0]) if variants else network.eval()
    pairs = prepare_validation(load_images(set5, split="validation").images, scale)
    images = [to_images(pair.low, "cpu") for pair in pairs]
    return executed_macs(sparing, images, scale=scale).mean


def decisions(result: Result) -> str:
    """What a network decides on Set5 or B100, from the report of its training."""
    report = (result.checkpoint.parent / "report.md").read_text()
    sections = report.partition("![")[0].split("\n## ")[1:]
    decided = [section for section in sections if section.startswith(DECISIONS)]
    return "\n".join(f"## {result.system.name}: {section.strip()}\n" for section in decided)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--set5", "--b100"):
        parser.add_argument(name, required=True, metavar="DIR")
    parser.add_argument("--minutes", type=float, default=5.0, help="for each system")
    parser.add_argument("--out", type=Path, default=Path("runs/published-systems"))
    parser.add_argument("--only", nargs="+", choices=[system.name for system in SYSTEMS])
    options = parser.parse_args()
    torch.set_num_threads(1)
    chosen = [system for system in SYSTEMS if not options.only or system.name in options.only]
    results = [train(system, options) for system in chosen]
    baselines: dict[int, float] = {}
    rows = [row(result, options.set5, baselines) for result in results]
    device = describe_device()
    lines = [
        "# The four systems, trained alike",
        "",
        f"As many steps as take {options.minutes:g} minutes of one thread by a timing made before,"
        " on BSDS400. PSNR on Y of Set5 with hard masks and hard routes.",
        f"Latency: {TARGET}, in the fastest variant; ratio to reference-v1.",
        "",
        json.dumps(device),
        "",
        "| system | PSNR (dB) | to bicubic (dB) | parameters | GMACs of the architecture"
        " | GMACs, executed | latency (ms) | ratio | steps | training (s) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
        "",
        *filter(None, map(decisions, results)),
    ]
    if options.only:
        print("\n".join(lines))  # noqa: T201 - a part is for reading, not for the results
    else:
        RESULT.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
