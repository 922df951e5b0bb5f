"""What the forms of the published systems gain: nominally, in MACs, and really, in time.

Each row compares two ways to compute, in a process of its own, on one thread and in turn: a
form of a network on a runtime, and what it is measured against, which is a plain
transcription of the same network in eager channels_last or a network without what makes the
system cheap.

    python benchmarks/implementation_speed.py [--lr 180x320] [--seconds 20] [--only SYSTEM ...]

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
from torch import nn
from transcriptions import plain_seemore, plain_splitsr

from blocks import NetworkConfig, SeemoReConfig, SplitSRConfig, build_network, in_form
from profilers import (
    RUNTIMES,
    PreparedCall,
    RatioEstimate,
    Target,
    analytic_cost,
    clock_of,
    compare,
    describe_device,
)
from profilers.latency import KEEP_FREED_MEMORY

RESULT = Path(__file__).resolve().parent / "results" / "implementation_speed.md"
TRANSCRIPTION = "transcription"
TRANSCRIPTIONS: Mapping[str, Callable[[Any], nn.Module]] = {
    "seemore": plain_seemore,
    "splitsr": plain_splitsr,
}


@dataclass(frozen=True)
class Way:
    """One way to compute a network: a form of it, or its transcription, on a runtime."""

    config: NetworkConfig
    form: str
    target: str = "eager"
    counted: NetworkConfig | None = None
    """The network whose MACs are what this way executes, where it is not the same."""

    def call(self, lr: str) -> PreparedCall:
        torch.manual_seed(0)
        network = build_network(self.config).eval()
        if self.form == TRANSCRIPTION:
            module = TRANSCRIPTIONS[self.config.family](network)
        else:
            module = in_form(network, self.form)
        target = self.on(lr)
        return RUNTIMES[target.runtime].prepare(module, target)

    def on(self, lr: str) -> Target:
        return Target.parse(f"{self.target}{',' if ':' in self.target else ':'}threads=1,lr={lr}")

    def macs(self) -> int:
        config = self.counted or self.config
        size = config.minimum_size_px  # of the activations, which are not asked for here
        return analytic_cost(config, lr_height_px=size, lr_width_px=size, batch=1).macs

    def __str__(self) -> str:
        return f"{self.form}, {self.target}"


@dataclass(frozen=True)
class Row:
    system: str
    candidate: Way
    reference: Way


@dataclass(frozen=True)
class Measured:
    estimate: RatioEstimate
    macs_ratio: float
    difference: float | None


SEEMORE = SeemoReConfig(scale=2)
# The dearest choice of one expert.
SEEMORE_TOP_1 = SEEMORE.replace(ranks=(max(SEEMORE.ranks),))
PLAIN_SEEMORE = Way(SEEMORE, TRANSCRIPTION, counted=SEEMORE_TOP_1)
SPLITSR = SplitSRConfig(scale=2)
ALL_SPLIT = SPLITSR.replace(hybrid_index=SPLITSR.groups)
STANDARD = Way(SPLITSR.replace(hybrid_index=0), "concatenated")

ROWS = (
    Row("SeemoRe-T x2", Way(SEEMORE, "selected", counted=SEEMORE_TOP_1), PLAIN_SEEMORE),
    *(
        Row("SeemoRe-T x2", Way(SEEMORE, form, target), PLAIN_SEEMORE)
        for target in ("eager", "openvino", "onnxruntime", "compile")
        for form in ("folded", "masked")
    ),
    Row(
        "SeemoRe-T x2, one expert of all",
        Way(SEEMORE, "selected", counted=SEEMORE_TOP_1),
        Way(SEEMORE, "masked"),
    ),
    *(
        row
        for name, config in (("SplitSR x2", SPLITSR), ("SplitSR x2, all split", ALL_SPLIT))
        for row in (
            Row(name, Way(config, "concatenated"), Way(config, TRANSCRIPTION)),
            Row(name, Way(config, "in_place"), Way(config, TRANSCRIPTION)),
            Row(f"{name}, over all standard", Way(config, "concatenated"), STANDARD),
            Row(f"{name}, over all standard", Way(config, "in_place"), STANDARD),
            Row(
                f"{name}, over all standard",
                Way(config, "in_place", "openvino"),
                Way(STANDARD.config, STANDARD.form, "openvino"),
            ),
        )
    ),
)


def measure(row: Row, lr: str, seconds: float) -> Measured:
    torch.set_num_threads(1)
    macs_ratio = row.candidate.macs() / row.reference.macs()
    candidate, reference = row.candidate.call(lr), row.reference.call(lr)
    difference = None
    if row.candidate.config == row.reference.config:
        expected = np.asarray(reference())
        difference = float(np.abs(np.asarray(candidate()) - expected).max())
        difference /= max(1.0, float(np.abs(expected).max()))
    _, clock = clock_of(row.candidate.on(lr))
    estimate = compare(candidate, reference, max_seconds=seconds, clock=clock)
    return Measured(estimate, macs_ratio, difference)


def measured(rows: list[Row], lr: str, seconds: float) -> Iterable[Measured]:
    """Each row by a process that has measured nothing else."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        yield from pool.map(partial(measure, lr=lr, seconds=seconds), rows)


def line(row: Row, result: Measured) -> str:
    estimate, difference = result.estimate, result.difference
    cells = (
        row.system,
        str(row.candidate),
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
    options = parser.parse_args()
    # As the measuring processes of `paretosr profile` run, see profilers/child.py.
    os.environ.update(KEEP_FREED_MEMORY, OMP_NUM_THREADS="1")
    started = time.perf_counter()
    rows = [row for row in ROWS if row.system.startswith(tuple(options.only))]
    lines = [
        "# Nominal and realised speed-ups",
        "",
        f"`{Path(__file__).name}`: LR {options.lr}, one thread, by"
        f" {clock_of(PLAIN_SEEMORE.on(options.lr))[0]} time, at most {options.seconds:g} s a row,"
        " the two in turn. How many times fewer MACs and how many times faster (with its 95 %"
        " interval) the first is than the second; medians; largest difference between their"
        " images in float32, of the images' range.",
        "",
        "| system | this | against | MACs | time | ms | against, ms | difference |",
        "|---|---|---|---|---|---|---|---|",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    for row, result in zip(rows, measured(rows, options.lr, options.seconds), strict=True):
        lines.append(line(row, result))
        sys.stdout.write(lines[-1] + "\n")
        sys.stdout.flush()
    device = ", ".join(f"{key} {value}" for key, value in describe_device().items())
    lines += ["", f"{device}; {time.perf_counter() - started:.0f} s in all.", ""]
    RESULT.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
