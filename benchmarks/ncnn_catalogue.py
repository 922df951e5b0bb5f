"""Which networks of the catalogue ncnn runs, how near eager, and what stands in the way of others.

    python benchmarks/ncnn_catalogue.py [--lr 48x64] [--networks NAME ...] [--jobs 2]

writes results/ncnn.md beside this script, anew after every network. Rows that are there already
are kept; a new page needs the old one removed. A network has random weights, and what begins as
zeros is drawn too: it would hide what is multiplied by it. Its variants are tried one after the
other, the exported one first, until one is within `TOLERANCES` of eager. Each network has a
process of its own, which ncnn may crash.
"""

import argparse
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import torch
from common import device_text
from runtimes import in_process, network_name

from blocks import CATALOGUE, CatalogueEntry, export_variant, in_variant, variants_of
from blocks.random_weights import seeded, seeded_network
from profilers import TOLERANCES, Images, ProfilingFailed, Program, Target
from profilers.agent.failure import one_line
from profilers.agent.output_check import largest_difference
from profilers.agent.runtimes.ncnn_runtime import load_in_ncnn
from profilers.agent.runtimes.settings import Settings
from profilers.runtimes.images import sample_images
from profilers.runtimes.portable import ncnn_for

PAGE = Path(__file__).resolve().parent / "results" / "ncnn.md"
COLUMNS = (
    "| network | variant | difference | in bfloat16 | thread's share | preparation (s) "
    "| variants that do not run |"
)
WEIGHTS_SEED = 0
SHARE_SECONDS = 0.5
DRAWN = 0.1
"""Standard deviation of what begins as zeros."""


@dataclass(frozen=True)
class Found:
    """A variant that ncnn runs.

    Attributes:
        difference: the largest from eager's output, over its range.
        in_bfloat16: the same, where ncnn stores bfloat16 between the layers.
        share: processor time of the calling thread over that of the process, on one thread.
        prepare_seconds: tracing, converting and loading.
    """

    variant: str
    difference: float
    in_bfloat16: float
    share: float
    prepare_seconds: float


def tried(entry: CatalogueEntry, target: Target) -> tuple[Found | None, dict[str, str]]:
    """Return the first variant that runs, and why those before it do not."""
    torch.set_num_threads(1)
    network = seeded_network(entry.config, WEIGHTS_SEED).eval()
    with seeded(WEIGHTS_SEED), torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=DRAWN)
    images = sample_images(target)
    with torch.inference_mode():
        expected = network(images).numpy()
    reasons: dict[str, str] = {}
    exported = export_variant(entry.config, has_pooling=True)
    for name in dict.fromkeys((exported, *variants_of(entry.config))):
        began = time.perf_counter()
        try:
            graph = ncnn_for(in_variant(network, name), target.images_shape)
            program = load_in_ncnn(graph, Settings("ncnn", 1, "float32"))
        except ProfilingFailed as error:
            reasons[name] = one_line(error)
            continue
        prepare_seconds = time.perf_counter() - began
        difference = largest_difference(program(images.numpy()), expected)
        if not difference <= TOLERANCES["float32"]:
            reasons[name] = f"differs by {difference:.1e}"
            continue
        rounded = load_in_ncnn(graph, Settings("ncnn", 1, "bfloat16"))
        found = Found(
            name,
            difference,
            largest_difference(rounded(images.numpy()), expected),
            thread_share(program, images.numpy()),
            prepare_seconds,
        )
        return found, reasons
    return None, reasons


def thread_share(program: Program, images: Images) -> float:
    """Return what the calling thread has of the processor time of calls."""
    thread, process = time.thread_time(), time.process_time()
    while time.process_time() - process < SHARE_SECONDS:
        program(images)
    return (time.thread_time() - thread) / (time.process_time() - process)


def row(entry: CatalogueEntry, target: Target) -> str:
    answer = in_process(tried, entry, target)
    if not isinstance(answer, tuple):
        return cells(network_name(entry), *"-----", one_line(answer))
    found, reasons = answer
    others = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    if found is None:
        return cells(network_name(entry), *"-----", others)
    return cells(
        network_name(entry),
        found.variant,
        f"{found.difference:.1e}",
        f"{found.in_bfloat16:.1e}",
        f"{found.share:.3f}",
        f"{found.prepare_seconds:.1f}",
        others,
    )


def cells(*values: str) -> str:
    return f"| {' | '.join(values)} |"


def known_rows() -> dict[str, str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
    rows = [line for line in lines if line.startswith("| ") and line != COLUMNS]
    return {line.removeprefix("| ").partition(" | ")[0]: line for line in rows}


def page(rows: dict[str, str], lr: str) -> Iterator[str]:
    runs = sum("| - | - |" not in line for line in rows.values())
    yield "# The catalogue on ncnn"
    yield ""
    yield (
        f"`{Path(__file__).name}`: one thread, {lr} pixels, random weights. {runs} of {len(rows)} "
        f"networks are within {TOLERANCES['float32']:g} of eager in float32. The difference is the "
        "largest of an output value, of the output's range; the thread's share is the processor "
        "time of the calling thread over that of the process. Preparation was timed on a busy "
        "machine."
    )
    yield ""
    yield f"{device_text()}."
    yield ""
    yield COLUMNS
    yield "|---|---|---|---|---|---|---|"
    yield from (rows[name] for name in map(network_name, CATALOGUE) if name in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lr", default="48x64", help="low-resolution input, HEIGHTxWIDTH")
    parser.add_argument("--networks", nargs="+", help="of the catalogue; all if left out")
    parser.add_argument("--jobs", type=int, default=1, help="networks at a time")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    target = Target.parse(f"ncnn:lr={options.lr}")
    rows = known_rows()
    wanted = [
        entry
        for entry in CATALOGUE
        if network_name(entry) not in rows
        and (not options.networks or entry.name in options.networks)
    ]
    with ThreadPoolExecutor(options.jobs) as pool:
        made = {pool.submit(row, entry, target): network_name(entry) for entry in wanted}
        for done in as_completed(made):
            rows[made[done]] = done.result()
            print(done.result(), flush=True)  # noqa: T201
            PAGE.write_text("\n".join(page(rows, options.lr)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
