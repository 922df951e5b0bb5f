"""What the variants of the published systems gain: nominally, in MACs, and really, in time.

Each row compares two ways to compute, in a process of its own, on one thread and in turn: a
variant of a network on a runtime, and what it is measured against, which is a plain
transcription of the same network in eager channels_last or a network without what makes the
system cheap. What SMSR and ClassSR leave out is a matter of their weights: those that
published_systems.py trained.

    python benchmarks/implementation_speed.py [--lr 180x320] [--seconds 20] [--only SYSTEM ...]
        [--trained runs/published-systems]

writes results/implementation_speed.md beside this script.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import device_text
from torch import nn
from transcriptions import AllActiveSmsr, PatchByPatch, plain_seemore, plain_splitsr

from blocks import (
    ClassSR,
    NetworkConfig,
    SeemoReConfig,
    Smsr,
    SplitSRConfig,
    build_network,
    catalogue_config,
    in_variant,
    load_network,
)
from blocks.networks.registry import SuperResolutionNetwork
from profilers import (
    RUNTIMES,
    RatioEstimate,
    Target,
    clock_of,
    compare,
    count_macs,
)
from profilers.host.latency import KEEP_FREED_MEMORY
from profilers.runtimes.images import sample_images

RESULT = Path(__file__).resolve().parent / "results" / "implementation_speed.md"
# What is not a variant of ours, by the name it has in the table.
TRANSCRIPTIONS: Mapping[str, Callable[[Any], nn.Module]] = {
    "SeemoRe transcribed": plain_seemore,
    "SplitSR transcribed": plain_splitsr,
    "all pixels active": AllActiveSmsr,
    "patch by patch": PatchByPatch,
}


@dataclass(frozen=True)
class Way:
    """One way to compute a network: a variant of it, or its transcription, on a runtime."""

    config: NetworkConfig
    variant: str
    target: str = "eager"
    trained: str = ""
    """The checkpoint, in the folder of the trained ones; random weights without."""

    def network(self, folder: Path) -> SuperResolutionNetwork:
        if self.trained:
            return load_network(folder / self.trained).eval()
        torch.manual_seed(0)
        return build_network(self.config).eval()

    def module(self, folder: Path) -> nn.Module:
        network = self.network(folder)
        if self.variant in TRANSCRIPTIONS:
            return TRANSCRIPTIONS[self.variant](network)
        return in_variant(network, self.variant)

    def on(self, lr: str) -> Target:
        return Target.parse(f"{self.target}{',' if ':' in self.target else ':'}threads=1,lr={lr}")

    def __str__(self) -> str:
        return f"{self.variant}, {self.target}"


@dataclass(frozen=True)
class Row:
    system: str
    candidate: Way
    reference: Way

    @property
    def has_the_same_images(self) -> bool:
        """Else the reference is a network without what makes the system cheap."""
        return ", over " not in self.system


@dataclass(frozen=True)
class Measured:
    estimate: RatioEstimate
    macs_ratio: float
    """Of what is executed for the image that is timed."""
    difference: float | None
    decisions: str


SEEMORE = SeemoReConfig(scale=2)
PLAIN_SEEMORE = Way(SEEMORE, "SeemoRe transcribed")
SPLITSR = SplitSRConfig(scale=2)
ALL_SPLIT = SPLITSR.replace(hybrid_index=SPLITSR.groups)
STANDARD = Way(SPLITSR.replace(hybrid_index=0), "concatenated")


def smsr(variant: str, target: str = "eager") -> Way:
    return Way(catalogue_config("smsr", 2), variant, target, "smsr/smsr/model.safetensors")


def classsr(variant: str, target: str = "eager") -> Way:
    trained = "classsr-fsrcnn/classsr-joint/model.safetensors"
    return Way(catalogue_config("classsr-fsrcnn", 4), variant, target, trained)


ALL_ACTIVE = smsr("all pixels active")
PATCH_BY_PATCH = classsr("patch by patch")
HARD_BRANCH = Way(catalogue_config("fsrcnn-rgb", 4), "plain")

ROWS = (
    Row("SeemoRe-T x2", Way(SEEMORE, "selected"), PLAIN_SEEMORE),
    *(
        Row("SeemoRe-T x2", Way(SEEMORE, variant, target), PLAIN_SEEMORE)
        for target in ("eager", "openvino", "onnxruntime", "compile")
        for variant in ("folded", "masked")
    ),
    Row(
        "SeemoRe-T x2, one expert of all",
        Way(SEEMORE, "selected"),
        Way(SEEMORE, "masked"),
    ),
    *(
        row
        for name, config in (("SplitSR x2", SPLITSR), ("SplitSR x2, all split", ALL_SPLIT))
        for row in (
            Row(name, Way(config, "concatenated"), Way(config, "SplitSR transcribed")),
            Row(name, Way(config, "in_place"), Way(config, "SplitSR transcribed")),
            Row(f"{name}, over all standard", Way(config, "concatenated"), STANDARD),
            Row(f"{name}, over all standard", Way(config, "in_place"), STANDARD),
            Row(
                f"{name}, over all standard",
                Way(config, "in_place", "openvino"),
                Way(STANDARD.config, STANDARD.variant, "openvino"),
            ),
        )
    ),
    Row("SMSR x2", smsr("sparse"), smsr("masked")),
    *(
        Row("SMSR x2, over all active", smsr(variant), ALL_ACTIVE)
        for variant in ("sparse", "masked", "multiplied")
    ),
    Row(
        "SMSR x2, over all active",
        smsr("masked", "openvino"),
        smsr(ALL_ACTIVE.variant, "openvino"),
    ),
    *(
        Row("ClassSR-FSRCNN x4", classsr(variant), PATCH_BY_PATCH)
        for variant in ("routed", "routed_shuffled", "all_branches")
    ),
    Row("ClassSR-FSRCNN x4", classsr("all_branches", "openvino"), PATCH_BY_PATCH),
    *(
        Row("ClassSR-FSRCNN x4, over its hard branch alone", classsr(variant), reference)
        for variant, reference in (
            ("routed", HARD_BRANCH),
            ("routed_shuffled", Way(HARD_BRANCH.config, "shuffled")),
        )
    ),
)


def measure(row: Row, lr: str, seconds: float, folder: Path) -> Measured:
    torch.set_num_threads(1)
    ways = (row.candidate, row.reference)
    modules = [way.module(folder) for way in ways]
    images = sample_images(row.candidate.on(lr))
    executed = [count_macs(module, images).total for module in modules]
    candidate, reference = (
        RUNTIMES[way.on(lr).runtime].prepare(module, way.on(lr))
        for way, module in zip(ways, modules, strict=True)
    )
    difference = None
    if row.has_the_same_images:
        expected = np.asarray(reference())
        difference = float(np.abs(np.asarray(candidate()) - expected).max())
        difference /= max(1.0, float(np.abs(expected).max()))
    _, clock = clock_of(row.candidate.on(lr))
    estimate = compare(candidate, reference, max_seconds=seconds, clock=clock)
    decided = decisions(row.candidate.network(folder), images)
    return Measured(estimate, executed[0] / executed[1], difference, decided)


@torch.inference_mode()
def decisions(network: SuperResolutionNetwork, images: torch.Tensor) -> str:
    """What a network leaves out of the image that is timed."""
    if isinstance(network, Smsr):
        return f"{network.active_fractions(images).mean():.2f} active"
    if isinstance(network, ClassSR):
        classes = network.classify(images).flatten()
        shares = torch.bincount(classes, minlength=len(network.branches)) / len(classes)
        return f"classes {' / '.join(f'{100 * share:.0f}' for share in shares)} %"
    return ""


def measured(rows: list[Row], lr: str, seconds: float, folder: Path) -> Iterable[Measured]:
    """Each row by a process that has measured nothing else."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        yield from pool.map(partial(measure, lr=lr, seconds=seconds, folder=folder), rows)


def line(row: Row, result: Measured) -> str:
    estimate, difference = result.estimate, result.difference
    cells = (
        row.system,
        ", ".join(filter(None, (str(row.candidate), result.decisions))),
        str(row.reference),
        f"{1 / result.macs_ratio:.2f}",
        f"{1 / estimate.ratio:.2f} ({1 / estimate.ci_high:.2f} to {1 / estimate.ci_low:.2f})",
        f"{estimate.candidate_ms:.0f}",
        f"{estimate.reference_ms:.0f}",
        "another network" if difference is None else f"{difference:.1e}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lr", default="180x320", help="low-resolution input, HEIGHTxWIDTH")
    parser.add_argument("--seconds", type=float, default=20, help="for each row")
    parser.add_argument("--only", nargs="+", default=[""], help="systems, by how they begin")
    parser.add_argument("--trained", type=Path, default=Path("runs/published-systems"))
    options = parser.parse_args()
    # As the measuring processes of `paretosr profile` run, see profilers/host/child.py.
    os.environ.update(KEEP_FREED_MEMORY, OMP_NUM_THREADS="1")
    started = time.perf_counter()
    rows = [row for row in ROWS if row.system.startswith(tuple(options.only))]
    lines = [
        "# Nominal and realised speed-ups",
        "",
        f"`{Path(__file__).name}`: LR {options.lr}, one thread, by"
        f" {clock_of(PLAIN_SEEMORE.on(options.lr))[0]} time, at most {options.seconds:g} s a row,"
        " the two in turn. How many times fewer MACs the first executes for the photograph that is"
        " timed, and how many times faster it is (with its 95 % interval) than the second; medians;"
        " largest difference between their images in float32, of the images' range.",
        "",
        "| system | this | against | MACs | time | ms | against, ms | difference |",
        "|---|---|---|---|---|---|---|---|",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    results = measured(rows, options.lr, options.seconds, options.trained)
    for row, result in zip(rows, results, strict=True):
        lines.append(line(row, result))
        sys.stdout.write(lines[-1] + "\n")
        sys.stdout.flush()
    device = device_text()
    lines += ["", f"{device}; {time.perf_counter() - started:.0f} s in all.", ""]
    RESULT.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
