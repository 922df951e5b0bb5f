"""`paretosr train`: train one network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paretosr.options import DataOption, JsonOption, ModelArgument, ScaleOption, positive

if TYPE_CHECKING:
    from paretosr.models import ResolvedModel
    from paretosr.single_training import TrainingOutcome


def train(
    model: ModelArgument,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the checkpoint and what resuming needs.")
    ],
    scale: ScaleOption = None,
    data: DataOption = "bundled",
    validation: DataOption = "bundled",
    recipe: Annotated[str, typer.Option(help="Training recipe: quick or long.")] = "quick",
    steps: Annotated[
        int | None,
        typer.Option(callback=positive, help="Optimizer steps [default: the recipe's]."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the patches.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: JsonOption = False,
) -> None:
    """Train MODEL from scratch and validate it.

    DIR/model.safetensors is the result and a complete model. The same command continues a
    training that was interrupted exactly where it stopped. Of a checkpoint given as MODEL,
    only the design is used.

    \b
    Examples:
      paretosr train seemore-t --scale 2 --out runs/seemore-t
      paretosr train runs/search:splitsr-x2-0123456789 --data DIV2K --recipe long --out runs/best
    """
    from paretosr.models import resolve_model
    from paretosr.output import write_note
    from paretosr.progress import progress_bar, status_line
    from paretosr.single_training import settled_precision, train_and_validate
    from profilers import Target
    from profilers.runtimes import require_available
    from training import PatchSampler, get_recipe
    from training.images import load_images
    from training.quality import prepare_validation

    resolved = resolve_model(model, scale)
    config = resolved.config
    if config is None:
        raise ValueError("MODEL must be a network to be trained, got bicubic, which has no weights")
    require_available(Target(device=device))
    chosen = get_recipe(recipe)
    images = load_images(data, split="training")
    validation_images = load_images(validation, split="validation")
    for line in dict.fromkeys((*images.notes, *validation_images.notes)):
        write_note(line)
    pairs = prepare_validation(validation_images.images, config.scale)
    patches = PatchSampler(images.images, scale=config.scale, recipe=chosen, seed=seed)
    with status_line(silent=json) as told:
        told("choosing the number format by timed steps")
        precision = settled_precision(config, patches, device=device, folder=out)
    steps = steps or chosen.steps
    with progress_bar("training", total=steps, silent=json) as update:
        outcome = train_and_validate(
            config,
            patches,
            pairs,
            steps=steps,
            device=device,
            precision=precision,
            folder=out,
            on_step=lambda step, loss: update(step, f"loss {loss:.4f}"),
        )
    _write(resolved, outcome, validation, as_json=json)


def _write(
    model: "ResolvedModel", outcome: "TrainingOutcome", validation: str, *, as_json: bool
) -> None:
    from paretosr.output import write_json, write_line

    training, quality, floor = outcome.training, outcome.quality, outcome.bicubic
    if as_json:
        write_json(
            {
                "model": model.name,
                "arch_id": outcome.arch_id,
                "scale": model.scale,
                "train_steps": training.steps,
                "train_seconds": training.seconds,
                "resumed_from_step": training.resumed_from_step,
                "loss": training.loss,
                "precision": outcome.precision,
                "validation": validation,
                "psnr_y_db": quality.psnr_y_db,
                "ssim_y": quality.ssim_y,
                "bicubic_psnr_y_db": floor.psnr_y_db,
                "bicubic_ssim_y": floor.ssim_y,
                "checkpoint": str(outcome.checkpoint),
            }
        )
        return
    if training.resumed_from_step == training.steps:
        write_line("this training had ended already")
    elif training.resumed_from_step:
        write_line(f"continued from step {training.resumed_from_step}")
    write_line(
        f"{training.steps} steps in {training.seconds:.1f} s, {outcome.precision}, "
        f"last loss {training.loss:.4f}"
    )
    gain_db = quality.psnr_y_db - floor.psnr_y_db
    write_line(
        f"on {validation} x{model.scale}: PSNR {quality.psnr_y_db:.2f} dB "
        f"({gain_db:+.2f} dB to bicubic), SSIM {quality.ssim_y:.4f}"
    )
    write_line(str(outcome.checkpoint))
