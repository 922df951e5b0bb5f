"""The same networks on every runtime, in the time of eager or another one, on one thread.

Each runtime runs a network in a process of its own, beside one in which eager (--beside) runs the
same network. The two take turns on one core, some milliseconds each
(profilers/agent/timing/slices.py): what the machine does in the meantime meets both. Each runs the
network in the variant that is fastest there, which is found first and kept in a table of its own;
then a cell takes --seconds, from the start of its processes on, unless making the network ready or
three calls take longer.

    python benchmarks/runtimes.py [--lr 180x320] [--seconds 60] [--targets TARGET ...] \
        [--networks NAME ...] [--beside eager] [--page runtimes.md]

writes that page to results/ beside this script, anew after every row. Rows and variants that are
there already are kept, so that this can be interrupted, or done in parts; a new page takes
another file. ncnn in OpenVINO's time:

    python benchmarks/runtimes.py --beside openvino --targets ncnn ncnn:precision=bfloat16 \
        --page runtimes_ncnn.md
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import numpy as np
import torch
from common import device_text

from blocks import CATALOGUE, CatalogueEntry, variants_of
from profilers import RUNTIMES, Subject, Target, clock_of
from profilers.agent.failure import reason_of
from profilers.agent.serving.messages import MakeReady, OneVariant
from profilers.agent.timing.concurrent_calls import ratios_of_groups
from profilers.agent.timing.crossover import CANDIDATE
from profilers.agent.timing.partner import Partner
from profilers.agent.timing.ratio import PRECISION, Ratio, median_ratio
from profilers.host.latency import KEEP_FREED_MEMORY
from profilers.host.networks import prepare_fastest_variant

RESULTS = Path(__file__).resolve().parent / "results"
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
    "ncnn",
    "ncnn:precision=bfloat16",
)
VARIANTS_SECONDS = 5.0
TIMING_SECONDS = 20.0
ROUND_SECONDS = 5.0
MINIMUM_RATIOS = 3
HUNG_SECONDS = 900.0


@dataclass(frozen=True)
class Cell:
    """A network on a target, and its time over that of the network beside it."""

    variant: str
    ratio: Ratio
    milliseconds: float
    max_difference: float
    prepare_seconds: float
    first_ms: float
    seconds: float = 0.0
    """Of all of it, from the start of its process on."""


def fastest_variant_name(subject: Subject, target: Target) -> str:
    torch.set_num_threads(target.threads)
    return prepare_fastest_variant(subject, target, VARIANTS_SECONDS).name


def measure(
    subject: Subject, target: Target, reference: Subject, beside: Target, deadline: float
) -> Cell:
    """Until the ratio is known to 1 %, or it is time."""
    torch.set_num_threads(target.threads)
    partner = Partner([sys.executable, "-m", "profilers.host.worker", str(beside)])
    candidate = OneVariant(reference.design(), reference.variant or "plain")
    with ThreadPoolExecutor() as pool:
        ready = pool.submit(partner.make_ready, MakeReady(candidate))
        variant = prepare_fastest_variant(subject, target, VARIANTS_SECONDS)
        ready.result()
    prepared = variant.prepared
    _, clock = clock_of(target)
    # Not of the first call, which can take twice as long as those that follow.
    began = time.monotonic()
    prepared.call()
    # Two that share a core take twice their time.
    some_calls = 2 * MINIMUM_RATIOS * (time.monotonic() - began)
    round_seconds = max(ROUND_SECONDS, some_calls)
    rounds = []
    times_ms: list[float] = []
    deadline = min(deadline, time.monotonic() + TIMING_SECONDS)
    while True:
        began = time.monotonic()
        ours, theirs, _ = partner.follow(
            prepared.call, CANDIDATE, seconds=round_seconds, clock=clock
        )
        rounds.append(ratios_of_groups(ours, theirs).ratios)
        times_ms += ours.times_ms
        ratios = np.concatenate(rounds)
        if len(ratios) < MINIMUM_RATIOS:
            continue
        ratio = median_ratio(ratios)
        another_ends = 2 * time.monotonic() - began
        if ratio.is_known(PRECISION) or another_ends > deadline:
            break
    return Cell(
        variant.name,
        ratio,
        median(times_ms),
        prepared.max_difference,
        prepared.prepare_seconds,
        prepared.first_ms,
    )


def answer(
    connection: Connection, function: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    try:
        connection.send(function(*arguments))
    except Exception as error:
        connection.send(RuntimeError(reason_of(error)))


def in_process(function: Callable[..., object], *arguments: object) -> object:
    """Return what `function` does in a process of its own, or the error that prevented it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=answer, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(HUNG_SECONDS) else RuntimeError("was not ready in time")
    except EOFError:
        return RuntimeError("the process died")
    finally:
        process.kill()
        process.join()


def rows_of(page: Path) -> dict[str, str]:
    """Return the rows of an earlier call, by their network and target, but for failed ones."""
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    measured = (line for line in lines if line.startswith("| ") and "| |" not in line)
    return {
        cell_name(*line.removeprefix("| ").split(" | ")[:2]): line
        for line in measured
        if not line.startswith("| network |")
    }


def cell_name(network: str, target: str) -> str:
    return f"{network} on {target}"


class Variants:
    """The fastest variant of each network on each target, in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def fastest(self, entry: CatalogueEntry, name: str, target: Target) -> Subject | Exception:
        """Return the network in that variant, or the error that prevented it."""
        variants = tuple(variants_of(entry.config))
        cell = cell_name(network_name(entry), name)
        variant = variants[0] if len(variants) == 1 else self._known.get(cell)
        if variant is None:
            variant = in_process(fastest_variant_name, Subject(entry.config), target)
            if not isinstance(variant, str):
                return RuntimeError(variant)
            self._known[cell] = variant
            text = json.dumps(self._known, indent=1, sort_keys=True)
            self._file.write_text(text + "\n", encoding="utf-8")
        return Subject(entry.config, variant=variant)


def network_name(entry: CatalogueEntry) -> str:
    return f"{entry.name} x{entry.config.scale}"


def rows(
    entry: CatalogueEntry,
    targets: dict[str, Target],
    seconds: float,
    variants: Variants,
    known: Container[str],
) -> Iterator[tuple[str, str]]:
    """Yield the name of each cell that is not `known`, and its row.

    The first of `targets` runs beside each of them.
    """
    network = network_name(entry)
    beside = next(iter(targets))
    for name, target in targets.items():
        if cell_name(network, name) in known:
            continue
        cell = measured(entry, (name, target), (beside, targets[beside]), seconds, variants)
        if not isinstance(cell, Cell):
            yield cell_name(network, name), f"| {network} | {name} | {cell} | | | | | | |"
            continue
        cells = (
            network,
            name,
            cell.variant,
            f"{cell.ratio.value:.3f} ({cell.ratio.ci_low:.3f} to {cell.ratio.ci_high:.3f})",
            f"{cell.milliseconds:.1f}",
            f"{cell.max_difference:.1e}",
            f"{cell.prepare_seconds:.1f}",
            f"{cell.first_ms:.1f}",
            f"{cell.seconds:.0f}",
        )
        yield cell_name(network, name), "| " + " | ".join(cells) + " |"


def measured(
    entry: CatalogueEntry,
    named: tuple[str, Target],
    beside: tuple[str, Target],
    seconds: float,
    variants: Variants,
) -> object:
    """Return the cell, or why there is none."""
    _, target = named
    missing = RUNTIMES[target.runtime].why_unavailable(target.device)
    if missing is not None:
        return f"{missing.reason}; {missing.remedy}"
    reference, subject = variants.fastest(entry, *beside), variants.fastest(entry, *named)
    for variant in (reference, subject):
        if isinstance(variant, Exception):
            return variant
    began = time.monotonic()
    cell = in_process(measure, subject, target, reference, beside[1], began + seconds)
    return replace(cell, seconds=time.monotonic() - began) if isinstance(cell, Cell) else cell


def devices(page: Path) -> list[str]:
    """A line for each machine that rows of the page were measured on, this one last."""
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    this = f"{device_text()}."
    return [*(it for it in lines if it.startswith("cpu_model ") and it != this), this]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lr", default="180x320", help="low-resolution input, HEIGHTxWIDTH")
    parser.add_argument("--seconds", type=float, default=60.0, help="for a network on a target")
    parser.add_argument("--targets", nargs="+", default=TARGETS, help="besides that one")
    parser.add_argument("--beside", default=EAGER, help="the target in whose time others are told")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, help="of the catalogue")
    parser.add_argument("--page", default="runtimes.md", help="file in results/")
    options = parser.parse_args()
    settings = f"threads=1,lr={options.lr}"
    targets = {
        name: Target.parse(f"{name}{',' if ':' in name else ':'}{settings}")
        for name in dict.fromkeys((options.beside, *options.targets))
    }
    # As the measuring processes of `paretosr profile` run, see profilers/host/child.py.
    os.environ.update(KEEP_FREED_MEMORY, OMP_NUM_THREADS="1")
    page = RESULTS / options.page
    head = [
        "# Networks on several runtimes",
        "",
        f"`{Path(__file__).name}`: {settings}, {options.seconds:g} s a cell unless making the "
        "network ready or three calls take longer, timed by processor time. Time over that of "
        f"{options.beside} in a second process beside it, with its 95 % interval; its own row "
        "tells what two processes differ by. Largest difference from eager in float32, of the "
        "output's range; seconds to export and compile, and for the whole cell. Which variant is "
        "fastest was found before.",
        "",
        *devices(page),
        "",
        f"| network | target | variant | time / {options.beside} | ms | difference "
        "| preparation (s) | first call (ms) | cell (s) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    variants = Variants(page.with_name(f"{page.stem}_variants.json"))
    known = rows_of(page)
    for name in options.networks:
        for entry in CATALOGUE:
            if entry.name == name and entry.config.scale in SCALES:
                for cell, row in rows(entry, targets, options.seconds, variants, known):
                    print(row, flush=True)  # noqa: T201
                    known[cell] = row
                    lines = [*head, *(known[cell] for cell in sorted(known)), ""]
                    page.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
