"""`paretosr train`: train one network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
import yaml

from paretosr.cli.options import (
    DataOption,
    JsonOption,
    LowOption,
    ModelArgument,
    ScaleOption,
    TeacherOption,
    positive,
)
from paretosr.cli.replaced import replaced


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
            help="Training recipe: quick, steady, which can be continued to more steps, medium, an "
            "hour or so on one core, long, or as published for the network's family: its name, as "
            "in seemore; for ClassSR's stages classsr-branch, classsr-classifier, classsr-joint."
        ),
    ] = "quick",
    steps: Annotated[
        int | None,
        typer.Option(callback=positive, help="Optimizer steps [default: the recipe's]."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="Instead of --steps: as many as fit into so many minutes, by a few timed steps.",
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="CHECKPOINT|interpolation",
            help="Start from these weights, of the same network or of another scale of it; or "
            "start FSRCNNs as a bilinear interpolation, which short trainings need.",
        ),
    ] = None,
    teacher: TeacherOption = None,
    teacher_weight: Annotated[
        float | None,
        typer.Option(
            help="Of the distance to the teacher's images, the rest of 1 being that to the "
            "originals [default: 0.5]."
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
            "SMSR's loss), routing.label_weight=1 (of the patches' classes in ClassSR's), "
            "routing.classes_by=CHECKPOINT (classes by a network's error instead of bicubic's) or "
            "betas=[0.9,0.99]; repeatable. An unknown field is answered with the nearest.",
        ),
    ] = None,
    sparsity_weight: Annotated[str | None, replaced("--set sparsity.weight={value}")] = None,
    label_weight: Annotated[str | None, replaced("--set routing.label_weight={value}")] = None,
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
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        typer.Option(help="Number format of the activations; a few timed steps choose for auto."),
    ] = "auto",
    threads: Annotated[
        int,
        typer.Option(
            callback=positive, help="Of the processor; more help where as many cores are idle."
        ),
    ] = 1,
    json: JsonOption = False,
) -> None:
    """Train MODEL and validate it on the way.

    DIR/model.safetensors is the result, once the training has ended, and DIR/best.safetensors the
    best on the way, both complete models; training.csv and training.png show the course, report.md
    sums up. The same command continues a training that was interrupted exactly where it stopped.
    Of a checkpoint given as MODEL, only the design is used. A schedule has the length of the
    training. How long that takes on this machine is said after a few steps. Under torchrun several
    processes share each batch.

    \b
    Examples:
      paretosr train seemore-t --scale 2 --out runs/seemore-t
      paretosr train runs/search:pick --data DIV2K --recipe medium --minutes 60 --out runs/best
      paretosr train runs/search:splitsr-x2-0123456789 --data DIV2K --recipe long --out runs/best
      paretosr train seemore-t --scale 2 --data DIV2K_train_HR --lr DIV2K_train_LR_bicubic \\
        --recipe long --out runs/div2k
      paretosr train classsr-fsrcnn --scale 4 --recipe classsr-branch --out runs/branches
      paretosr train classsr-fsrcnn --scale 4 --recipe classsr-classifier \\
        --init runs/branches/model.safetensors --out runs/classifier
      paretosr train splitsr --scale 2 --teacher runs/best/model.safetensors --out runs/pupil
      paretosr train splitsr --scale 2 --set fourier_weight=0.05 --out runs/splitsr
      torchrun --nproc-per-node 4 -m paretosr train seemore-t --scale 2 --recipe seemore \\
        --data DIV2K --device cuda --out runs/seemore-t
    """
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result
    from paretosr.models import load
    from paretosr.trainings import train as trained
    from training.distributed import is_first_process

    options = {
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "lr_patch_px": lr_patch,
        "ema_decay": ema_decay,
        "clip_norm": clip_norm,
    }
    is_first = is_first_process()
    with TerminalListener(silent=json or not is_first) as listener:
        training = trained(
            load(model, scale, listener=None),
            out,
            data=data,
            low_resolution=lr,
            validation=validation,
            validation_low_resolution=validation_lr,
            recipe=recipe,
            settings=_recipe_settings(settings or (), options),
            steps=steps,
            minutes=minutes,
            init=init,
            teacher=teacher,
            teacher_weight=teacher_weight,
            validate_every=validate_every,
            seed=seed,
            device=device,
            precision=precision,
            threads=threads,
            listener=listener,
        )
    if is_first:
        write_result(training, as_json=json)


def _recipe_settings(
    assignments: Sequence[str], options: Mapping[str, object]
) -> dict[str, object]:
    """What is set of a recipe: by `--set FIELD=VALUE`, and by options named after a field.

    Values are read as in a YAML file; an option that is None is not given.

    Raises:
        ValueError: an assignment is not one, or a field is set twice.
    """
    settings = {field: value for field, value in options.items() if value is not None}
    for assignment in assignments:
        field, equals, text = assignment.partition("=")
        if not equals:
            raise ValueError(
                f"--set must be FIELD=VALUE, as in learning_rate=0.001, got {assignment!r}"
            )
        if field in settings:
            raise ValueError(f"{field} must be set once, got --set {assignment} beside another")
        try:
            settings[field] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(
                f"--set {field} must have a number, a word or [a list], got {text!r}"
            ) from error
    return settings
