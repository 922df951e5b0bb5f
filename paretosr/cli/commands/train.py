"""`paretosr train`: train one network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paretosr.cli.options import (
    DataOption,
    JsonOption,
    LowOption,
    ModelArgument,
    ScaleOption,
    now_set_by,
    positive,
)

if TYPE_CHECKING:
    from paretosr.single_training import TrainingOutcome, TrainingPlan
    from paretosr.training_report import TrainingReport


def train(
    model: ModelArgument,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder for checkpoints, log and report."),
    ],
    scale: ScaleOption = None,
    data: DataOption = "bundled",
    lr: LowOption = None,
    validation: DataOption = "bundled",
    validation_lr: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The low-resolution images of --validation, likewise."),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(
            help="Training recipe: quick, long, or as published: seemore, splitsr, smsr, "
            "classsr-branch, classsr-classifier, classsr-joint."
        ),
    ] = "quick",
    steps: Annotated[
        int | None,
        typer.Option(callback=positive, help="Optimizer steps [default: the recipe's]."),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="CHECKPOINT|interpolation",
            help="Start from these weights, of the same network or of another scale of it; or "
            "start FSRCNNs as a bilinear interpolation, which short trainings need.",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(callback=positive, help="Peak, instead of the recipe's.")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(callback=positive, help="Patches of a step, instead of the recipe's."),
    ] = None,
    lr_patch: Annotated[
        int | None,
        typer.Option(callback=positive, help="Side of a low-resolution patch in pixels, likewise."),
    ] = None,
    ema_decay: Annotated[
        float | None,
        typer.Option(help="Decay per step of the averaged weights, likewise; 0 for no average."),
    ] = None,
    clip_norm: Annotated[
        float | None,
        typer.Option(callback=positive, help="Longest gradient [default: the recipe's, or any]."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Any field of the recipe, such as sparsity.weight=0.01 (of the active fraction in "
            "SMSR's loss), routing.label_weight=1 (of the classes by bicubic error in ClassSR's) "
            "or betas=[0.9,0.99]; repeatable. An unknown field is answered with the nearest.",
        ),
    ] = None,
    sparsity_weight: Annotated[
        str | None, typer.Option(hidden=True, callback=now_set_by("sparsity.weight"))
    ] = None,
    label_weight: Annotated[
        str | None, typer.Option(hidden=True, callback=now_set_by("routing.label_weight"))
    ] = None,
    validate_every: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            callback=positive,
            help="[default: a twentieth, at least 250].",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the patches.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: JsonOption = False,
) -> None:
    """Train MODEL and validate it on the way.

    DIR/model.safetensors is the result, once the training has ended, and DIR/best.safetensors the
    best on the way, both complete models; training.csv and training.png show the course, report.md
    sums up. The same command continues a training that was interrupted exactly where it stopped.
    Of a checkpoint given as MODEL, only the design is used. A schedule has the length of the
    training. Under torchrun several processes share each batch.

    \b
    Examples:
      paretosr train seemore-t --scale 2 --out runs/seemore-t
      paretosr train runs/search:splitsr-x2-0123456789 --data DIV2K --recipe long --out runs/best
      paretosr train seemore-t --scale 2 --data DIV2K_train_HR --lr DIV2K_train_LR_bicubic \\
        --recipe long --out runs/div2k
      paretosr train classsr-fsrcnn --scale 4 --recipe classsr-branch --out runs/branches
      paretosr train classsr-fsrcnn --scale 4 --recipe classsr-classifier \\
        --init runs/branches/model.safetensors --out runs/classifier
      paretosr train smsr --scale 2 --set sparsity.weight=0.01 --out runs/smsr-quick
      torchrun --nproc-per-node 4 -m paretosr train smsr --scale 2 --recipe smsr --data DIV2K \\
        --device cuda --out runs/smsr
    """
    from blocks.models import resolve_model
    from imaging.evaluation import exact_by_bicubic, left_out_notes, prepare_validation
    from imaging.image_sets import ImageSets
    from imaging.pairs import load_pairs
    from paretosr.cli.output import write_note
    from paretosr.cli.progress import progress_bar, status_line
    from paretosr.single_training import (
        TrainingPlan,
        check_images,
        settled_precision,
        train_and_validate,
    )
    from paretosr.training_recipe import adapted_recipe, recipe_settings, recipe_warnings
    from paretosr.training_report import write_training_report
    from profilers import Target
    from profilers.runtimes.registry import require_available
    from training import PatchSampler
    from training.distributed import joined_processes
    from training.initial import start_of
    from training.objectives.registry import patch_classes
    from training.recipes.choice import RecipeChoice
    from training.recipes.schedule import schedule_in_words

    config = resolve_model(model, scale).config
    if config is None:
        raise ValueError("MODEL must be a network to be trained, got bicubic, which has no weights")
    require_available(Target(device=device))
    options = {
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "lr_patch_px": lr_patch,
        "ema_decay": ema_decay,
        "clip_norm": clip_norm,
    }
    choice = RecipeChoice(recipe, recipe_settings(settings or (), options))
    if steps is not None and "steps" in choice.settings:
        raise ValueError("steps must be given once, got --steps and --set steps: leave one out")
    start = None if init is None else start_of(init)
    chosen = adapted_recipe(choice, config, start)
    steps = steps or chosen.steps
    images = load_pairs(data, lr, split="training", scale=config.scale)
    validation_images = load_pairs(
        validation, validation_lr, split="validation", scale=config.scale
    )
    sets = ImageSets.of(images.all_images, validation_images.all_images)
    unchecked = check_images(sets, out)
    pairs = prepare_validation(validation_images.images, config.scale, validation_images.low)
    exact = exact_by_bicubic(pairs)
    if len(exact) == len(pairs):
        raise ValueError(
            "--validation must hold an image of finite PSNR, but bicubic restores exactly all that "
            f"there are ({', '.join(exact)}): add photographs"
        )
    classes = patch_classes(chosen, config)
    patches = PatchSampler(
        images.images,
        scale=config.scale,
        recipe=chosen,
        seed=seed,
        classes=classes,
        low=images.low,
    )
    with joined_processes(device) as (processes, own_device):
        silent = json or not processes.is_first
        with status_line(silent=silent) as status:
            status("choosing the number format by timed steps")
            precision = settled_precision(config, patches, device=own_device, folder=out)
        if processes.is_first:
            if unchecked is not None:
                write_note(unchecked)
            notes = (
                *images.notes,
                *validation_images.notes,
                *left_out_notes(exact),
                *recipe_warnings(chosen, config),
            )
            for line in dict.fromkeys((*notes, schedule_in_words(chosen, config, steps))):
                write_note(line)
        plan = TrainingPlan(
            config,
            patches,
            pairs,
            sets,
            steps=steps,
            device=own_device,
            precision=processes.agreed(precision),
            folder=out,
            initial=start,
            validate_every=validate_every,
            processes=processes,
        )
        with progress_bar("training", total=steps, silent=silent) as update:
            outcome = train_and_validate(
                plan, on_step=lambda step, loss: update(step, f"loss {loss:.4f}")
            )
        if processes.is_first:
            training_data = data if lr is None else f"{data}, low resolution {lr}"
            report = write_training_report(model, training_data, validation, plan, outcome)
            _write(model, validation, plan, outcome, report, as_json=json)


def _write(
    model: str,
    validation: str,
    plan: "TrainingPlan",
    outcome: "TrainingOutcome",
    report: "TrainingReport",
    *,
    as_json: bool,
) -> None:
    from paretosr.cli.output import write_json
    from paretosr.cli.training_summary import summary_json, write_summary

    if as_json:
        write_json(summary_json(model, validation, plan, outcome, report))
    else:
        write_summary(validation, plan, outcome, report)
