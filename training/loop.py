"""The training loop: seeded, deterministic, and continued exactly where it stopped."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from blocks.networks import NetworkConfig, SuperResolutionNetwork
from training.patches import PatchSampler
from training.recipe import Recipe, learning_rate_at
from training.state import Progress, TrainingFolder
from training.step import Precision, TrainingStep


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to; the weights are in the network."""

    steps: int
    seconds: float
    """Spent training, over all resumes."""
    loss: float
    """Of the last step, on its batch."""
    resumed_from_step: int
    """0 for a training that was not interrupted."""


def train(
    network: SuperResolutionNetwork,
    patches: PatchSampler,
    recipe: Recipe,
    *,
    steps: int,
    device: str = "cpu",
    precision: Precision = "float32",
    checkpoint_folder: Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
    checkpoint_every_seconds: float = 20,
) -> TrainingResult:
    """Train `network`, leave the averaged weights in it, and return how it went.

    The same network weights, patches, recipe and steps give the same weights to the last
    bit on the same CPU with the same number of threads, whether or not the training was
    interrupted. The network ends in evaluation mode, on `device`, in channels_last.

    With a `checkpoint_folder` the training is saved there every `checkpoint_every_seconds`,
    on KeyboardInterrupt, and at the end (`model.safetensors`); it continues from what it
    finds there, and one that has ended already is only loaded.

    `on_step` is called after every step with the number of steps done and the loss.

    Raises:
        TrainingDiverged: the loss or the weights are no longer finite.
        ValueError: the folder's files are corrupt or belong to another training.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    folder = None
    if checkpoint_folder is not None:
        folder = _folder(checkpoint_folder, network, patches, recipe, steps, precision)
    training = TrainingStep(network, recipe, device=device, precision=precision)
    progress = Progress(0, 0.0, math.nan)
    if folder is not None:
        if (state := folder.load_state()) is not None:
            progress, tensors = state
            training.restore(tensors, progress.step)
        elif (model := folder.load_final_model(steps)) is not None:
            progress, tensors = model
            network.load_state_dict(tensors)
            network.eval()
            return TrainingResult(steps, progress.seconds, progress.loss, resumed_from_step=steps)
    resumed_from_step = progress.step
    clock_start = time.perf_counter() - progress.seconds
    last_save = time.perf_counter()
    try:
        for step in range(progress.step, steps):
            loss = training.take(
                *patches.batch(step),
                learning_rate=learning_rate_at(recipe, step, steps),
                progress=step / steps,
            ).value
            progress = Progress(step + 1, time.perf_counter() - clock_start, loss)
            if on_step is not None:
                on_step(step + 1, loss)
            if folder is not None and time.perf_counter() - last_save >= checkpoint_every_seconds:
                _save(folder, training, progress)
                last_save = time.perf_counter()
    except KeyboardInterrupt:
        # Where the interrupt came inside a step, the last checkpoint has to do.
        if folder is not None and training.steps_done == progress.step:
            _save(folder, training, progress)
        raise
    training.finish()
    if folder is not None:
        folder.save_final(progress, training.averaged_weights())
    return TrainingResult(steps, progress.seconds, progress.loss, resumed_from_step)


def _folder(
    path: Path,
    network: SuperResolutionNetwork,
    patches: PatchSampler,
    recipe: Recipe,
    steps: int,
    precision: Precision,
) -> TrainingFolder:
    identity = {
        "recipe": recipe.model_dump_json(),
        "seed": str(patches.seed),
        "steps": str(steps),
        "precision": precision,
        "images": patches.images_digest,
    }
    return TrainingFolder(path, cast(NetworkConfig, network.config), identity)


def _save(folder: TrainingFolder, training: TrainingStep, progress: Progress) -> None:
    folder.save(progress, training.tensors(), training.averaged_weights())
