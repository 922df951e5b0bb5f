"""The sections of gpu_check.py, each printed as Markdown line by line."""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

import paretosr as psr
from blocks import NetworkConfig
from blocks.random_weights import seeded_network
from foundation import one_line
from imaging.images import load_images
from profilers import RUNTIMES, ProfilingFailed, Target
from profilers.agent.output_check import as_array, largest_difference
from training import PatchSampler, Precision, Recipe, get_recipe, train
from training.step import TrainingStep

ROOT = Path(__file__).resolve().parents[1]
QUICKSTART = ROOT / "examples" / "quickstart.yaml"
SCALE = 2
Batch = tuple[torch.Tensor, torch.Tensor]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
RUNTIMES_ON: Mapping[str, tuple[str, ...]] = {
    "cuda": ("eager", "compile", "eager_cudagraph", "compile_cudagraph"),
    "cpu": ("eager",),
}
WARM_UP_STEPS = 3
# The first steps: later ones add up what rounding changed in those before.
COMPARED_STEPS = 10


@dataclass(frozen=True)
class Size:
    """How much a section does."""

    tests: str
    networks: tuple[str, ...]
    timed_networks: tuple[str, ...]
    lr: str
    timing_seconds: float
    training_steps: int
    batches: tuple[tuple[int, int], ...]
    """Patches, and pixels along the side of one in low resolution."""
    throughput_seconds: float
    search: Mapping[str, object]
    """The budget of a search."""


SIZES: Mapping[str, Size] = {
    "full": Size(
        tests="tests",
        networks=(
            *("fsrcnn", "edsr-baseline", "carn", "imdn", "rlfn", "safmn", "span"),
            *("splitsr", "seemore-t", "smsr", "rcan"),
        ),
        timed_networks=("seemore-t", "edsr-baseline"),
        lr="180x320",
        timing_seconds=2.0,
        training_steps=60,
        batches=((8, 16), (32, 64)),
        throughput_seconds=3.0,
        search={"steps": 1000, "minutes": 0.6},
    ),
    "tiny": Size(
        tests="tests/profilers/runtimes/test_clock.py",
        networks=("fsrcnn",),
        timed_networks=("fsrcnn",),
        lr="8x8",
        timing_seconds=0.1,
        training_steps=3,
        batches=((1, 8),),
        throughput_seconds=0.1,
        search={"steps": 2, "trials": 1},
    ),
}


def config_of(name: str) -> NetworkConfig:
    config = psr.load(name, scale=SCALE).config
    if config is None:
        raise ValueError(f"{name} is no network")
    return config


def gpu_tests(_device: str, size: Size) -> Iterator[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-n0", "--tb=line", size.tests]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(("FAILED", "ERROR", "SKIPPED")):
                yield f"- {line.strip()}"
            elif " in " in line and line.strip("= \n")[:1].isdigit():
                yield f"- {line.strip('= ').strip()}"


def outputs(device: str, size: Size) -> Iterator[str]:
    yield "| network | float32 | float32 as PyTorch comes | bfloat16 |"
    yield "|---|---|---|---|"
    for name in size.networks:
        network = seeded_network(config_of(name), 0)
        expected = eager_output(network, f"eager:lr={size.lr}")
        cells = []
        for precision, exact in (("float32", True), ("float32", False), ("bfloat16", False)):
            target = f"eager:device={device},precision={precision},lr={size.lr}"
            with convolutions_in_full(exact):
                output = eager_output(network, target)
            cells.append(f"{largest_difference(output, expected):.1e}")
        yield f"| {name} | {' | '.join(cells)} |"


def eager_output(network: torch.nn.Module, target: str) -> NDArray[np.float32]:
    return as_array(RUNTIMES["eager"].prepare(network, Target.parse(target))())


def convolutions_in_full(exact: bool) -> AbstractContextManager[None]:
    """Without the tensor cores' shorter numbers, which PyTorch allows in convolutions."""
    return torch.backends.cudnn.flags(enabled=True, allow_tf32=not exact)


def losses(device: str, size: Size) -> Iterator[str]:
    yield (
        f"| network | precision | largest difference in {COMPARED_STEPS} steps "
        f"| mean of the last {COMPARED_STEPS} on the CPU | on {device} |"
    )
    yield "|---|---|---|---|---|"
    recipe = get_recipe("quick")
    sampler = patches(recipe)
    for name in size.timed_networks:
        config = config_of(name)
        on_cpu = training_losses(config, sampler, size, "cpu", "float32")
        for precision in PRECISIONS:
            there = training_losses(config, sampler, size, device, precision)
            first = zip(on_cpu[:COMPARED_STEPS], there[:COMPARED_STEPS], strict=True)
            difference = max(abs(other / cpu - 1) for cpu, other in first)
            means = [statistics.fmean(found[-COMPARED_STEPS:]) for found in (on_cpu, there)]
            cells = (name, precision, f"{difference:.1%}", *(f"{mean:.5f}" for mean in means))
            yield f"| {' | '.join(cells)} |"


def patches(recipe: Recipe) -> PatchSampler:
    images = load_images("bundled", split="training").images
    return PatchSampler(images, scale=SCALE, recipe=recipe, seed=0)


def training_losses(
    config: NetworkConfig, sampler: PatchSampler, size: Size, device: str, precision: Precision
) -> list[float]:
    found: list[float] = []
    train(
        seeded_network(config, 0), sampler, sampler.recipe, steps=size.training_steps,
        device=device, precision=precision, on_step=lambda _step, loss: found.append(loss),
    )  # fmt: skip
    return found


def targets(device: str, size: Size) -> Iterator[str]:
    yield "| network | target | ms | 95 % interval | to eager float32 | difference | ready after |"
    yield "|---|---|---|---|---|---|---|"
    for name in size.timed_networks:
        network = psr.load(name, scale=SCALE)
        eager_ms: float | None = None
        for precision in PRECISIONS:
            for runtime in RUNTIMES_ON[device]:
                target = f"{runtime}:device={device},precision={precision}"
                try:
                    profile = psr.profile(
                        network, f"{target},lr={size.lr}", max_seconds=size.timing_seconds
                    )
                except (ProfilingFailed, ValueError) as error:
                    yield f"| {name} | {target} | {one_line(error)} | | | | |"
                    continue
                eager_ms = eager_ms or profile.latency_ms
                yield (
                    f"| {name} | {target} | {profile.latency_ms:.3f} "
                    f"| {profile.latency_ci_low_ms:.3f} to {profile.latency_ci_high_ms:.3f} "
                    f"| {profile.latency_ms / eager_ms:.2f} | {profile.max_difference:.1e} "
                    f"| {profile.prepare_seconds:.1f} s |"
                )


def throughput(device: str, size: Size) -> Iterator[str]:
    yield (
        "| network | batch | precision | steps per second | with one batch in memory "
        "| patches per second |"
    )
    yield "|---|---|---|---|---|---|"
    for count, side_px in size.batches:
        changed = {"batch_size": count, "lr_patch_px": side_px}
        recipe = get_recipe("quick").model_copy(update=changed)
        sampler = patches(recipe)
        for name in size.timed_networks:
            for precision in PRECISIONS:
                network = seeded_network(config_of(name), 0)
                training = TrainingStep(network, recipe, device=device, precision=precision)
                batches = sampler.batch, partial(one_batch, sampler.batch(0))
                loaded, resident = (
                    steps_per_second(training, batch, size.throughput_seconds) for batch in batches
                )
                yield (
                    f"| {name} | {count} of {side_px}x{side_px} | {precision} | {loaded:.1f} "
                    f"| {resident:.1f} | {loaded * count:.0f} |"
                )


def one_batch(batch: Batch, _step: int) -> Batch:
    return batch


def steps_per_second(
    training: TrainingStep,
    batch: Callable[[int], Batch],
    seconds: float,
) -> float:
    """A step ends when its loss has come from the device, so that none is only queued."""
    began, step = time.perf_counter(), 0
    while step <= WARM_UP_STEPS or time.perf_counter() < began + seconds:
        training.take(*batch(step), learning_rate=1e-4, progress=0.0)
        step += 1
        if step == WARM_UP_STEPS:
            began = time.perf_counter()
    return (step - WARM_UP_STEPS) / (time.perf_counter() - began)


def candidates(device: str, size: Size) -> Iterator[str]:
    config = yaml.safe_load(QUICKSTART.read_text(encoding="utf-8"))
    config["training"]["device"] = device
    config["target"] = f"eager:device={device},lr={size.lr}"
    config["timing_seconds"] = size.timing_seconds
    config["budget"] = dict(size.search)
    config["ladder"] = "none"  # so that all candidates count alike
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = psr.search(config, Path(folder) / "run")
    minutes = (time.perf_counter() - began) / 60
    trained = sum(record.state == "trained" for record in run.records)
    yield (
        f"- {trained} candidates of {size.search['steps']} steps in {minutes:.2f} minutes with "
        f"the start: {trained / minutes:.1f} a minute"
    )
    yield from (f"- {sentence}" for sentence in run.sentences() if "/" not in sentence)


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    explanation: str
    seconds: float
    """After which it is cut short; those of all are under eight minutes together."""
    lines: Callable[[str, Size], Iterator[str]]


SECTIONS: Mapping[str, Section] = {
    "tests": Section("Tests", "`pytest -m gpu`.", 120, gpu_tests),
    "outputs": Section(
        "Outputs",
        "Largest difference from the CPU in float32, of the output's range. As PyTorch comes, "
        "convolutions in float32 may use the 10 bits of TF32.",
        40,
        outputs,
    ),
    "losses": Section(
        "Training losses",
        "Of the same weights, patches and recipe (quick), step by step.",
        50,
        losses,
    ),
    "targets": Section(
        "Targets",
        "Each in its fastest variant; the difference is from eager in float32 on the device.",
        150,
        targets,
    ),
    "throughput": Section(
        "Training throughput",
        "Recipe quick, with patches of the bundled photographs.",
        40,
        throughput,
    ),
    "candidates": Section(
        "Candidates per minute",
        "The quickstart's search, trained and timed here.",
        75,
        candidates,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", choices=list(SECTIONS))
    parser.add_argument("--device", required=True)
    parser.add_argument("--size", choices=list(SIZES), required=True)
    options = parser.parse_args()
    for line in SECTIONS[options.section].lines(options.device, SIZES[options.size]):
        print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
