"""The same networks on every runtime that is installed, in eager's time.

Each runtime has a process of its own, and the processes take turns: in every round each makes
a few calls while the others wait. A runtime's time over eager's of the same round is free of
what the machine does in the meantime. By default SeemoRe-T and SplitSR x2, LR 90x160, one
thread.

    python benchmarks/runtimes.py [--lr 90x160] [--threads 1] [--rounds 20] [--only TARGET ...]

writes results/runtimes.md beside this script.
"""

import argparse
import multiprocessing
import os
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median

import numpy as np
import torch

from blocks import NetworkConfig, SeemoReConfig, SplitSRConfig, build_network
from profilers import RUNTIMES, Target, clock_of, describe_device, prepare_checked
from profilers.latency import KEEP_FREED_MEMORY
from profilers.timing import median_interval

RESULT = Path(__file__).resolve().parent / "results" / "runtimes.md"
NETWORKS: dict[str, NetworkConfig] = {
    "SeemoRe-T x2": SeemoReConfig(scale=2),
    "SplitSR x2": SplitSRConfig(scale=2),
}
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
CALLS = 3
PREPARATION_SECONDS = 600


@dataclass
class Measured:
    """What one process told of its network."""

    name: str
    connection: Connection
    problem: str = ""
    prepare_seconds: float = 0.0
    max_difference: float = 0.0
    first_ms: float = 0.0
    times_ms: list[float] = field(default_factory=list)


def serve(connection: Connection, config: NetworkConfig, target: Target) -> None:
    """Prepare the network, then time some calls whenever asked, until told None."""
    torch.set_num_threads(target.threads)
    torch.manual_seed(0)
    try:
        prepared = prepare_checked(build_network(config), target)
    except Exception as error:
        connection.send(f"{type(error).__name__}: {' '.join(str(error).split())}")
        return
    connection.send((prepared.prepare_seconds, prepared.max_difference, prepared.first_ms))
    _, clock = clock_of(target)
    for calls in iter(connection.recv, None):
        prepared.call()  # what the other processes left in the caches is not this network's
        times_ms = []
        for _ in range(calls):
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
        measured.prepare_seconds, measured.max_difference, measured.first_ms = answer
    return measured


def end(process: BaseProcess, connection: Connection) -> None:
    with suppress(OSError):
        connection.send(None)
    process.join(5)
    process.kill()


def measure(config: NetworkConfig, targets: dict[str, Target], rounds: int) -> list[Measured]:
    with ExitStack() as stack:
        everyone = [start(config, target, name, stack) for name, target in targets.items()]
        ready = [one for one in everyone if not one.problem]
        for _ in range(rounds):
            for one in ready:
                one.connection.send(CALLS)
                one.times_ms.append(one.connection.recv())
        return everyone


def rows(network: str, everyone: list[Measured]) -> list[str]:
    eager_ms = np.array(next(one for one in everyone if one.name == EAGER).times_ms)
    lines = []
    for one in everyone:
        if one.problem:
            lines.append(f"| {network} | {one.name} | {one.problem} | | | | |")
            continue
        ratios = np.array(one.times_ms) / eager_ms
        low, high = median_interval(ratios, seed=0)
        cells = (
            network,
            one.name,
            f"{np.median(ratios):.3f} ({low:.3f} to {high:.3f})",
            f"{median(one.times_ms):.1f}",
            f"{one.max_difference:.1e}",
            f"{one.prepare_seconds:.1f}",
            f"{one.first_ms:.1f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lr", default="90x160", help="low-resolution input, HEIGHTxWIDTH")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", nargs="+", default=TARGETS, help="targets besides eager")
    options = parser.parse_args()
    settings = f"threads={options.threads},lr={options.lr}"
    targets = {
        name: Target.parse(f"{name}{',' if ':' in name else ':'}{settings}")
        for name in dict.fromkeys((EAGER, *options.only))
    }
    # As the measuring processes of `paretosr profile` run, see profilers/child.py.
    os.environ.update(KEEP_FREED_MEMORY, OMP_NUM_THREADS=str(options.threads))
    torch.set_num_threads(options.threads)
    started = time.perf_counter()
    lines = [
        "# One network on several runtimes",
        "",
        f"`{Path(__file__).name}`: {settings}, {options.rounds} rounds of {CALLS} calls, by "
        f"{clock_of(targets[EAGER])[0]} time. Time over eager's with its 95 % interval; largest "
        "difference from eager in float32, of the output's range; seconds to export and compile.",
        "",
        "| network | target | time / eager | ms | difference | preparation (s) | first call (ms) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, config in NETWORKS.items():
        lines += rows(name, measure(config, targets, options.rounds))
    device = ", ".join(f"{key} {value}" for key, value in describe_device().items())
    lines += ["", f"{device}; {time.perf_counter() - started:.0f} s in all.", ""]
    text = "\n".join(lines)
    sys.stdout.write(text)
    RESULT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
