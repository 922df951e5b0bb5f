"""The same networks on every runtime that is installed, in eager's time.

Each runtime has a process of its own, and the processes take turns: in every round each makes
a few calls while the others wait. A runtime's time over eager's of the same round is free of
what the machine does in the meantime. Each runs a network in the form that is fastest there.

    python benchmarks/runtimes.py [--lr 180x320] [--threads 1] [--seconds 60] \
        [--targets TARGET ...] [--networks NAME ...]

writes results/runtimes.md beside this script, anew after every network.
"""

import argparse
import multiprocessing
import os
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median

import numpy as np
import torch
from common import device_text

from blocks import CATALOGUE, NetworkConfig
from profilers import RUNTIMES, Subject, Target, clock_of
from profilers.latency import KEEP_FREED_MEMORY
from profilers.networks import prepare_fastest_form
from profilers.ratio import median_interval

RESULT = Path(__file__).resolve().parent / "results" / "runtimes.md"
NETWORKS = (
    "fsrcnn",
    "classsr-fsrcnn",
    "seemore-t",
    "splitsr",
    "seemore-b",
    "edsr-baseline",
    "smsr",
)
SCALES = (2, 4)
EAGER = "eager"
TARGETS = (
    EAGER,
    "eager:layout=nchw",
    "eager:precision=bfloat16",
    "compile",
    "onnxruntime",
    "openvino",
    "openvino:precision=bfloat16",
    "xnnpack",
)
# In a round, after a call that fills the caches again.
TURN_SECONDS = 0.3
FORMS_SECONDS = 5.0
PREPARATION_SECONDS = 600
MINIMUM_ROUNDS = 5
PRECISION = 0.01


@dataclass
class Measured:
    """What one process told of its network."""

    name: str
    connection: Connection
    problem: str = ""
    form: str = ""
    prepare_seconds: float = 0.0
    max_difference: float = 0.0
    first_ms: float = 0.0
    times_ms: list[float] = field(default_factory=list)

    def ratio_to(self, eager: "Measured") -> tuple[float, float, float]:
        """The median over the rounds, and its 95 % interval."""
        ratios = np.array(self.times_ms) / np.array(eager.times_ms)
        return float(np.median(ratios)), *median_interval(ratios, seed=0)


def serve(connection: Connection, config: NetworkConfig, target: Target) -> None:
    """Prepare the network, then time some calls whenever asked, until told to end."""
    torch.set_num_threads(target.threads)
    try:
        form = prepare_fastest_form(Subject(config), target, FORMS_SECONDS)
    except Exception as error:
        connection.send(f"{type(error).__name__}: {' '.join(str(error).split())}")
        return
    prepared = form.prepared
    connection.send(
        (form.name, prepared.prepare_seconds, prepared.max_difference, prepared.first_ms)
    )
    _, clock = clock_of(target)
    while connection.recv():
        prepared.call()  # what the other processes left in the caches is not this network's
        times_ms: list[float] = []
        while sum(times_ms) < TURN_SECONDS * 1000:
            started = clock()
            prepared.call()
            times_ms.append((clock() - started) * 1000)
        connection.send(median(times_ms))


def start(config: NetworkConfig, target: Target, name: str, stack: ExitStack) -> Measured:
    """Return the process's first words, when it has prepared the network."""
    missing = RUNTIMES[target.runtime].why_unavailable(target.device)
    ours, theirs = multiprocessing.Pipe()
    measured = Measured(name, ours)
    if missing is not None:
        measured.problem = f"{missing.reason}; {missing.remedy}"
        return measured
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=serve, args=(theirs, config, target), daemon=True)
    process.start()
    stack.callback(end, process, ours)
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(PREPARATION_SECONDS) else "was not ready in time"
    except EOFError:
        answer = "the process died"
    if isinstance(answer, str):
        measured.problem = answer
    else:
        (
            measured.form,
            measured.prepare_seconds,
            measured.max_difference,
            measured.first_ms,
        ) = answer
    return measured


def end(process: BaseProcess, connection: Connection) -> None:
    with suppress(OSError):
        connection.send(False)
    process.join(5)
    process.kill()


def measure(config: NetworkConfig, targets: dict[str, Target], seconds: float) -> list[Measured]:
    """Eager first; `seconds` for each target at most, fewer when all ratios are known to 1 %."""
    with ExitStack() as stack:
        everyone = [start(config, target, name, stack) for name, target in targets.items()]
        if everyone[0].problem:
            raise RuntimeError(f"{EAGER}: {everyone[0].problem}")
        ready = [one for one in everyone if not one.problem]
        deadline = time.perf_counter() + seconds * len(ready)
        while not is_settled(ready) and (
            time.perf_counter() < deadline or len(ready[0].times_ms) < MINIMUM_ROUNDS
        ):
            for one in ready:
                one.connection.send(True)
                one.times_ms.append(one.connection.recv())
        return everyone


def is_settled(ready: list[Measured]) -> bool:
    eager = ready[0]
    if len(eager.times_ms) < 2 * MINIMUM_ROUNDS:
        return False
    intervals = [one.ratio_to(eager) for one in ready]
    return all(high - low <= 2 * PRECISION * ratio for ratio, low, high in intervals)


def rows(network: str, everyone: list[Measured]) -> list[str]:
    eager = everyone[0]
    lines = []
    for one in everyone:
        if one.problem:
            lines.append(f"| {network} | {one.name} | {one.problem} | | | | | |")
            continue
        ratio, low, high = one.ratio_to(eager)
        cells = (
            network,
            one.name,
            one.form,
            f"{ratio:.3f} ({low:.3f} to {high:.3f})",
            f"{median(one.times_ms):.1f}",
            f"{one.max_difference:.1e}",
            f"{one.prepare_seconds:.1f}",
            f"{one.first_ms:.1f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lr", default="180x320", help="low-resolution input, HEIGHTxWIDTH")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="for a network on a target")
    parser.add_argument("--targets", nargs="+", default=TARGETS, help="besides eager")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, help="of the catalogue")
    options = parser.parse_args()
    settings = f"threads={options.threads},lr={options.lr}"
    targets = {
        name: Target.parse(f"{name}{',' if ':' in name else ':'}{settings}")
        for name in dict.fromkeys((EAGER, *options.targets))
    }
    # As the measuring processes of `paretosr profile` run, see profilers/child.py.
    os.environ.update(KEEP_FREED_MEMORY, OMP_NUM_THREADS=str(options.threads))
    torch.set_num_threads(options.threads)
    lines = [
        "# Networks on several runtimes",
        "",
        f"`{Path(__file__).name}`: {settings}, at most {options.seconds:g} s a cell, by "
        f"{clock_of(targets[EAGER])[0]} time. Time over eager's with its 95 % interval; largest "
        "difference from eager in float32, of the output's range; seconds to export and compile.",
        "",
        f"{device_text()}.",
        "",
        "| network | target | form | time / eager | ms | difference | preparation (s) "
        "| first call (ms) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    chosen = [
        entry
        for name in options.networks
        for entry in CATALOGUE
        if entry.name == name and entry.config.scale in SCALES
    ]
    for entry in chosen:
        found = rows(
            f"{entry.name} x{entry.config.scale}",
            measure(entry.config, targets, options.seconds),
        )
        print("\n".join(found), flush=True)  # noqa: T201
        lines += found
        RESULT.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
