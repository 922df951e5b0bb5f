"""Does reading training patches slow the training step down?

Trains SeemoRe-T x2 by the quick recipe's settings (batch 8, LR patch 16, best of 4), one step
in turn of each: with a batch from a folder of photographs for every step, and with
one batch that stays in memory. The bound: at least 95 % of the second's throughput.

    python benchmarks/loader.py --data FOLDER [--steps 300]

writes results/loader.md beside this script.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from blocks import SeemoReConfig, build_network
from imaging.images import load_images
from training import PatchSampler, get_recipe
from training.step import TrainingStep

WARM_UP_STEPS = 10


def main() -> None:
    options = parse_options()
    torch.set_num_threads(1)
    recipe = get_recipe("quick")
    images = load_images(options.data, split="training").images
    patches = PatchSampler(images, scale=2, recipe=recipe, seed=0)
    network = build_network(SeemoReConfig(scale=2))
    training = TrainingStep(network, recipe, device="cpu", precision="float32")
    fixed = patches.batch(0)

    steps = WARM_UP_STEPS + options.steps

    def time_step(step: int, batch: Callable[[int], tuple[Tensor, Tensor]]) -> float:
        start = time.perf_counter()
        training.take(*batch(step), learning_rate=1e-4, progress=step / steps)
        return (time.perf_counter() - start) * 1000

    steps_ms = np.array(
        [
            [time_step(step, patches.batch), time_step(step, lambda _: fixed)]
            for step in range(steps)
        ]
    )[WARM_UP_STEPS:]
    table = make_table(steps_ms, time_batches(patches), len(images))
    print(table)  # noqa: T201
    (Path(__file__).parent / "results" / "loader.md").write_text(table, encoding="utf-8")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="bundled", help="a folder of images, or 'bundled'")
    parser.add_argument("--steps", type=int, default=300)
    return parser.parse_args()


def time_batches(patches: PatchSampler, batches: int = 1000) -> float:
    """Return the milliseconds that one batch alone takes."""
    start = time.perf_counter()
    for step in range(batches):
        patches.batch(step)
    return (time.perf_counter() - start) / batches * 1000


def make_table(steps_ms: np.ndarray, batch_ms: float, images: int) -> str:
    """Return the result as text. `steps_ms` is (steps, 2): photographs, fixed batch."""
    photographs_ms, fixed_ms = np.median(steps_ms, axis=0)
    low, middle, high = np.percentile(steps_ms[:, 1] / steps_ms[:, 0], [25, 50, 75]) * 100
    return f"""# Training throughput with photographs against a fixed batch

SeemoRe-T x2, float32, batch 8, LR patch 16, best of 4; torch {torch.__version__}, one CPU thread;
{images} images; {len(steps_ms)} steps of each, in turn.

| | |
|---|---|
| step with photographs, median | {photographs_ms:.2f} ms |
| step with a fixed batch, median | {fixed_ms:.2f} ms |
| one batch of photographs alone, mean | {batch_ms:.2f} ms |
| throughput kept, median of pairs (quartiles) | {middle:.1f} % ({low:.1f}-{high:.1f} %) |
"""


if __name__ == "__main__":
    main()
