"""One network trained in a folder of its own, and judged."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch

from blocks import NetworkConfig, build_network, load_checkpoint
from blocks.checkpoints import read_metadata
from blocks.networks.registry import SuperResolutionNetwork
from blocks.pixels import network_upscaler
from blocks.random_weights import seeded_network
from imaging import Image, prepare_validation
from imaging.evaluation import (
    Quality,
    ValidationPair,
    bicubic_upscaler,
    evaluate_quality,
    exact_by_bicubic,
    left_out_notes,
)
from imaging.image_sets import ImageSets
from imaging.pairs import load_pairs
from profilers import computes_in_bfloat16
from training import PatchSampler, Precision, TrainingResult, choose_precision, train
from training.behaviour import Decisions, decisions_of
from training.distributed import ALONE, Processes
from training.initial import InitialWeights, Start, give_initial_weights
from training.log import TrainingLog
from training.loop import RANDOM_WEIGHTS
from training.monitor import LOG_FILE, Watch
from training.pace import Pace, duration, step_seconds, steps_within
from training.state import BEST_FILE, MODEL_FILE, STATE_FILE, planned_steps
from training.validation import PSNR, Validation

_MINUTES = "minutes"
"""What a checkpoint says of the time that its training was given."""


@dataclass(frozen=True)
class ImageSource:
    """Where images are read from."""

    high: str
    low: str | None

    @classmethod
    def of(cls, high: str | Path, low: str | Path | None) -> Self:
        return cls(str(high), None if low is None else str(low))

    def __str__(self) -> str:
        return self.high if self.low is None else f"{self.high}, low resolution {self.low}"


@dataclass(frozen=True)
class TrainingImages:
    """What a network is trained on, and judged by."""

    training: Sequence[Image]
    training_low: Sequence[Image] | None
    """None where they are to be made."""
    validation: Sequence[ValidationPair]
    sets: ImageSets
    notes: tuple[str, ...]

    @classmethod
    def read(cls, data: ImageSource, validation: ImageSource, config: NetworkConfig) -> Self:
        training = load_pairs(data.high, data.low, split="training", scale=config.scale)
        judged = load_pairs(validation.high, validation.low, split="validation", scale=config.scale)
        pairs = prepare_validation(judged.images, config.scale, judged.low)
        exact = exact_by_bicubic(pairs)
        if len(exact) == len(pairs):
            raise ValueError(
                "the validation images must have one of finite PSNR, but bicubic restores exactly "
                f"all that there are ({', '.join(exact)}): add photographs"
            )
        return cls(
            training.images,
            training.low,
            pairs,
            ImageSets.of(training.all_images, judged.all_images),
            (*training.notes, *judged.notes, *left_out_notes(exact)),
        )


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained, how, where, and how closely it is watched.

    The seed and the recipe are those of `patches`.
    """

    config: NetworkConfig
    patches: PatchSampler
    validation: Sequence[ValidationPair]
    images: ImageSets
    """Both sets, to be compared when the training is continued."""
    steps: int
    device: str
    precision: Precision
    folder: Path
    initial: Start | None = None
    """What to start from; None for random weights."""
    validate_every: int | None = None
    """Steps; None for every twentieth of the training, but not more often than every 250."""
    minutes: float | None = None
    """That `steps` were to fit into; None where they were asked for."""
    processes: Processes = ALONE


@dataclass(frozen=True)
class TrainingOutcome:
    """A finished training, what it gives, and what bicubic gives on the same images."""

    training: TrainingResult
    initial: InitialWeights | None
    quality: Quality
    bicubic: Quality
    best_step: int
    """After which a validation on the way was best, as `best.safetensors` is."""
    best_psnr_y_db: float
    decisions: Decisions
    """What the network decided by its input on the validation images."""
    checkpoint: Path
    best_checkpoint: Path
    log: Path


def train_and_validate(
    plan: TrainingPlan,
    *,
    on_step: Callable[[int, float], None],
    on_pace: Callable[[str], None] = lambda pace: None,
) -> TrainingOutcome:
    """Carry out the plan, or continue what was begun in its folder, and judge the result.

    `on_pace` is told how long the rest takes, after a few steps.

    Raises:
        ValueError: the folder holds another training, or the initial weights do not fit.
        TrainingDiverged: the loss or the weights are no longer finite.
        KeyboardInterrupt: stopped by the user; the message says how to go on.
    """
    network, initial = seeded_network(plan.config, plan.patches.seed), None
    if plan.initial is not None:
        initial = give_initial_weights(network, plan.initial, seed=plan.patches.seed)
    if plan.processes.is_first and not _has_begun(plan.folder):
        plan.images.record(plan.folder)
    watch = Watch.over(plan.steps, Validation(plan.validation, plan.device), plan.validate_every)
    pace = Pace(watch, plan.steps)

    def after_step(step: int, loss: float) -> None:
        if (said := pace.after(step)) is not None:
            on_pace(said)
        on_step(step, loss)

    try:
        result = train(
            network,
            plan.patches,
            plan.patches.recipe,
            steps=plan.steps,
            device=plan.device,
            precision=plan.precision,
            checkpoint_folder=plan.folder,
            initial_weights=RANDOM_WEIGHTS if initial is None else initial.digest,
            notes={} if plan.minutes is None else {_MINUTES: f"{plan.minutes:g}"},
            watch=watch,
            processes=plan.processes,
            on_step=after_step,
        )
    except KeyboardInterrupt:
        message = f"stopped; the same command continues it in {plan.folder}"
        raise KeyboardInterrupt(message) from None
    return _judged(plan, network, result, initial)


def _judged(
    plan: TrainingPlan,
    network: SuperResolutionNetwork,
    result: TrainingResult,
    initial: InitialWeights | None,
) -> TrainingOutcome:
    pairs, device = plan.validation, plan.device
    quality = evaluate_quality(network_upscaler(network, device=device), pairs)
    log = plan.folder / LOG_FILE
    best_step, best_psnr_y_db = TrainingLog(log).best(PSNR) or (plan.steps, quality.psnr_y_db)
    return TrainingOutcome(
        training=result,
        initial=initial,
        quality=quality,
        bicubic=evaluate_quality(bicubic_upscaler(plan.config.scale), pairs),
        best_step=best_step,
        best_psnr_y_db=best_psnr_y_db,
        decisions=decisions_of(network, pairs, device=device),
        checkpoint=plan.folder / MODEL_FILE,
        best_checkpoint=plan.folder / BEST_FILE,
        log=log,
    )


def settled_precision(
    config: NetworkConfig, patches: PatchSampler, *, device: str, folder: Path
) -> Precision:
    """Return the number format of the training begun in `folder`, else the faster one.

    Timing anew could end otherwise, and a training continues only in the format it had.

    Raises:
        ValueError: the checkpoint in `folder` is corrupt.
    """
    for path in _models(folder):
        if path.exists():
            stored = load_checkpoint(path).metadata.get("precision")
            return "bfloat16" if stored == "bfloat16" else "float32"
    return choose_precision(
        lambda: build_network(config),
        patches,
        patches.recipe,
        computes_in_bfloat16=computes_in_bfloat16(device),
        device=device,
    )


def steps_for(
    minutes: float,
    config: NetworkConfig,
    patches: PatchSampler,
    validation: Validation,
    *,
    precision: Precision,
    folder: Path,
    validate_every: int | None,
    processes: Processes,
) -> int:
    """Return how many steps fit into `minutes`, or the length of the training begun in `folder`.

    Raises:
        ValueError: not one fits, or what was begun was not for so many minutes.
    """
    for path in _models(folder):
        if path.exists():
            stored = read_metadata(path)
            begun_for, steps = stored.get(_MINUTES, "no given number of"), planned_steps(stored)
            if begun_for != f"{minutes:g}" or steps is None:
                raise ValueError(
                    f"{path} belongs to a training for {begun_for} minutes, not {minutes:g}: ask "
                    f"for the same again, or delete {folder} to train again"
                )
            return steps
    network = build_network(config)
    start = time.perf_counter()
    validation.judge(network)
    validation_seconds = time.perf_counter() - start
    step = step_seconds(
        network,
        patches,
        patches.recipe,
        precision=precision,
        device=validation.device,
        processes=processes,
    )
    steps = steps_within(
        60 * minutes, step=step, validation=validation_seconds, validate_every=validate_every
    )
    if steps < 1:
        raise ValueError(
            f"minutes must be enough for a step and a validation, which take {duration(step)} and "
            f"{duration(validation_seconds)} here, got {minutes:g}"
        )
    return processes.agreed(steps)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch compute on `count` threads of the processor meanwhile.

    A step waits for its slowest thread, so that more threads than idle cores are slower than one.

    Raises:
        ValueError: the count is below 1.
    """
    if count < 1:
        raise ValueError(f"threads must be at least 1, got {count}")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_images(images: ImageSets, folder: Path) -> str | None:
    """Compare the images with those of the training begun in `folder`, if there is one.

    Returns a note where they cannot be compared.

    Raises:
        ValueError: they are others.
    """
    if not _has_begun(folder):
        return None
    return images.check(folder, remedy="restore them, or train in another folder with --out")


def _has_begun(folder: Path) -> bool:
    return any(path.exists() for path in _models(folder))


def _models(folder: Path) -> tuple[Path, Path]:
    """What a training that has not ended leaves, and one that has."""
    return folder / STATE_FILE, folder / MODEL_FILE
