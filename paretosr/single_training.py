"""One network trained in a folder of its own, and judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks import NetworkConfig, build_network, load_checkpoint
from search.evaluation import seeded_network
from training import PatchSampler, Precision, TrainingResult, choose_precision, train
from training.quality import (
    Quality,
    ValidationPair,
    bicubic_upscaler,
    evaluate_quality,
    network_upscaler,
)
from training.state import MODEL_FILE, STATE_FILE


@dataclass(frozen=True)
class TrainingOutcome:
    """A finished training, what it gives, and what bicubic gives on the same images."""

    arch_id: str
    precision: Precision
    training: TrainingResult
    quality: Quality
    bicubic: Quality
    checkpoint: Path


def train_and_validate(
    config: NetworkConfig,
    patches: PatchSampler,
    validation: Sequence[ValidationPair],
    *,
    steps: int,
    device: str,
    precision: Precision,
    folder: Path,
    on_step: Callable[[int, float], None],
) -> TrainingOutcome:
    """Train the network of `config` in `folder`, or continue what was begun there, and judge it.

    The seed and the recipe are those of `patches`.

    Raises:
        ValueError: `folder` holds another training.
        TrainingDiverged: the loss or the weights are no longer finite.
        KeyboardInterrupt: stopped by the user; the message says how to go on.
    """
    network = seeded_network(config, patches.seed)
    try:
        result = train(
            network,
            patches,
            patches.recipe,
            steps=steps,
            device=device,
            precision=precision,
            checkpoint_folder=folder,
            on_step=on_step,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; the same command continues it in {folder}") from None
    return TrainingOutcome(
        arch_id=config.arch_id,
        precision=precision,
        training=result,
        quality=evaluate_quality(network_upscaler(network, device=device), validation),
        bicubic=evaluate_quality(bicubic_upscaler(config.scale), validation),
        checkpoint=folder / MODEL_FILE,
    )


def settled_precision(
    config: NetworkConfig, patches: PatchSampler, *, device: str, folder: Path
) -> Precision:
    """Return the number format of the training begun in `folder`, else the faster one.

    Timing anew could end otherwise, and a training continues only in the format it had.

    Raises:
        ValueError: the checkpoint in `folder` is corrupt.
    """
    for path in (folder / STATE_FILE, folder / MODEL_FILE):
        if path.exists():
            stored = load_checkpoint(path).metadata.get("precision")
            return "bfloat16" if stored == "bfloat16" else "float32"
    return choose_precision(lambda: build_network(config), patches, patches.recipe, device=device)
