"""Training one network in a folder of its own."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from blocks import NetworkConfig
from foundation.listener import SILENT, Listener
from imaging import BUNDLED
from paretosr.models import Model, load
from paretosr.results import Result, Table
from paretosr.single_training import (
    ImageSource,
    TrainingImages,
    TrainingOutcome,
    TrainingPlan,
    check_images,
    settled_precision,
    steps_for,
    torch_threads,
    train_and_validate,
)
from paretosr.training_report import (
    TrainingNames,
    TrainingReport,
    quality_table,
    write_training_report,
)
from profilers import Target, require_available
from training import PatchSampler, Precision, Recipe
from training.distributed import joined_processes
from training.initial import Start, start_of
from training.recipes.choice import RecipeChoice
from training.recipes.registry import patch_classes, recipe_warnings
from training.recipes.schedule import schedule_in_words
from training.state import unfinished_note
from training.validation import Validation


@dataclass(frozen=True, repr=False)
class Training(Result):
    """A finished training, what it gives, and what bicubic gives on the same images."""

    model: str
    """The reference of the design."""
    validation: str
    """The folder of the validation images, or "bundled"."""
    plan: TrainingPlan
    outcome: TrainingOutcome
    report: TrainingReport

    @property
    def checkpoint(self) -> Path:
        """The trained network, a complete model: DIR/model.safetensors."""
        return self.outcome.checkpoint

    @property
    def best_checkpoint(self) -> Path:
        """The network of the best validation on the way: DIR/best.safetensors."""
        return self.outcome.best_checkpoint

    @property
    def psnr_y_db(self) -> float:
        """The trained network's mean on the validation images."""
        return self.outcome.quality.psnr_y_db

    @property
    def ssim_y(self) -> float:
        """The trained network's mean on the validation images."""
        return self.outcome.quality.ssim_y

    @property
    def recipe(self) -> Recipe:
        """As the network was trained by."""
        return self.plan.patches.recipe

    @property
    def schedule(self) -> str:
        """The course of the learning rate in words."""
        return schedule_in_words(self.recipe, self.plan.config, self.plan.steps)

    def to_dict(self) -> Mapping[str, object]:
        training, initial = self.outcome.training, self.outcome.initial
        bicubic = self.outcome.bicubic
        return {
            "model": self.model,
            "arch_id": self.plan.config.arch_id,
            "scale": self.plan.config.scale,
            "recipe": self.recipe.model_dump(mode="json"),
            "schedule": self.schedule,
            "initial_weights": None if initial is None else str(self.plan.initial),
            "fresh_tensors": [] if initial is None else list(initial.fresh),
            "teacher": self.recipe.teacher,
            "teacher_weight": None if self.recipe.teacher is None else self.recipe.teacher_weight,
            "train_steps": training.steps,
            "train_seconds": training.seconds,
            "resumed_from_step": training.resumed_from_step,
            "loss": training.loss,
            "precision": self.plan.precision,
            "validation": self.validation,
            "psnr_y_db": self.psnr_y_db,
            "ssim_y": self.ssim_y,
            "best_step": self.outcome.best_step,
            "best_psnr_y_db": self.outcome.best_psnr_y_db,
            "bicubic_psnr_y_db": bicubic.psnr_y_db,
            "bicubic_ssim_y": bicubic.ssim_y,
            **self.outcome.decisions.document,
            "checkpoint": str(self.checkpoint),
            "best_checkpoint": str(self.best_checkpoint),
            "log": str(self.outcome.log),
            "curve": str(self.report.curve),
            "decisions_figure": self._decisions_figure(),
            "report": str(self.report.page),
        }

    def tables(self) -> Sequence[Table]:
        title = f"{self.model} x{self.plan.config.scale} on {self.validation}"
        return (quality_table(self.outcome, title),)

    def sentences(self) -> Sequence[str]:
        return (
            *self._beginning(),
            f"{self.outcome.training.steps} steps in {self.outcome.training.seconds:.1f} s, "
            f"{self.plan.precision}, last loss {self.outcome.training.loss:.4f}",
            self.schedule,
            f"best on the way: {self.outcome.best_psnr_y_db:.2f} dB after step "
            f"{self.outcome.best_step}",
            *self.outcome.decisions.sentences,
            *(str(path) for path in (self.checkpoint, self.best_checkpoint, self.report.page)),
        )

    def _decisions_figure(self) -> str | None:
        has_figure = self.outcome.decisions.drawn is not None
        return str(self.report.decisions) if has_figure else None

    def _beginning(self) -> Iterator[str]:
        training, initial = self.outcome.training, self.outcome.initial
        if training.resumed_from_step == training.steps:
            yield "this training had ended already"
        elif training.resumed_from_step:
            yield f"continued from step {training.resumed_from_step}"
        if initial is not None and initial.fresh:
            yield (
                f"started from weights at x{initial.scale}, except for "
                f"{', '.join(initial.fresh)}, whose shape is another at x{self.plan.config.scale}"
            )
        if self.recipe.teacher is not None:
            yield f"taught by {self.recipe.teacher}, weight {self.recipe.teacher_weight:g}"


def train(
    model: Model | str | Path,
    out: str | Path,
    *,
    data: str | Path = BUNDLED,
    low_resolution: str | Path | None = None,
    validation: str | Path = BUNDLED,
    validation_low_resolution: str | Path | None = None,
    recipe: str = "quick",
    settings: Mapping[str, object] | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    init: str | Path | None = None,
    teacher: str | Path | None = None,
    teacher_weight: float | None = None,
    validate_every: int | None = None,
    seed: int = 0,
    device: str = "cpu",
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    threads: int = 1,
    listener: Listener = SILENT,
) -> Training:
    """Train a network in a folder of its own, validate it on the way and judge it.

    The folder gets model.safetensors, the result, and best.safetensors, the best on the way,
    both complete models, training.csv and training.png, the course, and report.md. The same call
    continues a training that was interrupted exactly where it stopped; one that had ended is only
    read. Under torchrun several processes share each batch.

    Args:
        model: a network, or a reference to one; only its design is used.
        out: the folder.
        data: folder of the training images, or "bundled" for eight photographs that scikit-image
            contains.
        low_resolution: folder of the low-resolution training images, each called like its
            original or, for x2, with x2 behind, or of folders X2, X3, X4 or LRbicx2, ... of them;
            by default MATLAB's imresize makes them.
        validation: folder of the validation images, or "bundled" for three others.
        validation_low_resolution: that of their low-resolution images, likewise.
        recipe: "quick", "steady", which can be continued to more steps, "medium", an hour or so on
            one core, "long", or as published for the network's family: its name, as in "seemore";
            for ClassSR's stages "classsr-branch", "classsr-classifier", "classsr-joint".
        settings: fields of the recipe that are set otherwise, such as {"learning_rate": 0.001,
            "sparsity.weight": 0.01}.
        steps: optimizer steps; by default the recipe's. The schedule has their length, and only a
            recipe of constant rate, as "steady", lets a later call ask for more.
        minutes: instead of `steps`, as many as fit into so many minutes by a few timed steps; a
            training that is continued keeps the number that it began with.
        init: checkpoint to start from, of the same network or of another scale of it, or
            "interpolation", as which FSRCNN can start; by default random weights.
        teacher: checkpoint of a trained network of the same scale, whose images are learned beside
            the originals; by default none.
        teacher_weight: of the distance to the teacher's images, above 0 and up to 1; that to the
            originals has what is left of 1. By default 0.5.
        validate_every: steps between validations; by default a twentieth of the training, but at
            least 250.
        seed: of the weights and of the patches.
        device: "cpu" or "cuda".
        precision: number format of the activations; "auto" lets a few timed steps choose. Name one
            where two trainings must be alike to the last bit.
        threads: of the processor that train, 1 as in a search; more help where as many cores are
            idle.
        listener: hears of progress, and of what should be known about the images and the recipe.

    Raises:
        ValueError: the model is bicubic, a setting is impossible, the images do not fit, the
            teacher is damaged or of another scale, or the folder holds another training.
        TrainingDiverged: a RuntimeError: the loss or the weights are no longer finite.
        KeyboardInterrupt: stopped by the user; the message says how to go on.
        OSError: a file cannot be read or written; the error names it.

    Examples:
        >>> import paretosr as psr
        >>> training = psr.train(psr.load("fsrcnn", scale=2), "runs/fsrcnn", steps=5)
        >>> training.checkpoint.name
        'model.safetensors'
    """
    model, out = load(model, listener=None), Path(out)
    config = model.config
    if config is None:
        raise ValueError("MODEL must be a network to be trained, got bicubic, which has no weights")
    require_available(Target(device=device))
    choice = RecipeChoice(recipe, _all_settings(settings or {}, teacher, teacher_weight))
    _check_length(choice, steps, minutes)
    start = None if init is None else start_of(str(init))
    chosen = _adapted_recipe(choice, config, start)
    training_source = ImageSource.of(data, low_resolution)
    validation_source = ImageSource.of(validation, validation_low_resolution)
    images = TrainingImages.read(training_source, validation_source, config)
    unchecked = check_images(images.sets, out)
    patches = PatchSampler(
        images.training,
        scale=config.scale,
        recipe=chosen,
        seed=seed,
        classes=patch_classes(chosen, config),
        low=images.training_low,
        device=device,
    )
    with torch_threads(threads), joined_processes(device) as (processes, own_device):
        # The others do the same work, and say nothing.
        heard = listener if processes.is_first else SILENT
        number_format: Precision
        if precision == "auto":
            heard.status("choosing the number format by timed steps")
            number_format = settled_precision(config, patches, device=own_device, folder=out)
        else:
            number_format = precision
        number_format = processes.agreed(number_format)
        if processes.is_first:
            _warn(listener, chosen, config, start, (unchecked, *images.notes))
        if minutes is not None:
            heard.status("finding by timed steps how many fit")
            steps = steps_for(
                minutes,
                config,
                patches,
                Validation(images.validation, own_device),
                precision=number_format,
                folder=out,
                validate_every=validate_every,
                processes=processes,
            )
        steps = steps or chosen.steps
        plan = TrainingPlan(
            config,
            patches,
            images.validation,
            images.sets,
            steps=steps,
            device=own_device,
            precision=number_format,
            folder=out,
            initial=start,
            validate_every=validate_every,
            minutes=minutes,
            processes=processes,
        )
        taught = "" if chosen.teacher is None else f" with the teacher {chosen.teacher}"
        schedule = schedule_in_words(chosen, config, steps)
        heard.status(f"training{taught}, {schedule}")
        outcome = train_and_validate(
            plan,
            on_step=lambda step, loss: heard.progress(step, steps, f"loss {loss:.4f}"),
            on_pace=lambda pace: heard.status(f"training{taught}, {pace}: {schedule}"),
        )
    names = TrainingNames(model.name, str(training_source), str(validation_source))
    report = TrainingReport.beside(out)
    if processes.is_first:
        write_training_report(names, plan, outcome, report)
    return Training(model.name, str(validation), plan, outcome, report)


def _check_length(choice: RecipeChoice, steps: int | None, minutes: float | None) -> None:
    """Check that the length of the training is given once.

    Raises:
        ValueError: it is given twice, or no time is.
    """
    is_set = "steps" in choice.settings
    if steps is not None and is_set:
        raise ValueError("steps must be given once, got both steps and a setting of the recipe")
    if minutes is not None and (steps is not None or is_set):
        raise ValueError(
            f"a training has a number of steps or of minutes, got {minutes:g} minutes too"
        )
    if minutes is not None and not 0 < minutes < math.inf:
        raise ValueError(f"minutes must be a number above 0, got {minutes:g}")


def _warn(
    listener: Listener,
    recipe: Recipe,
    config: NetworkConfig,
    start: Start | None,
    notes: Sequence[str | None],
) -> None:
    """Say once what should be known about the images, the recipe and the weights to begin with."""
    weights = [start] if isinstance(start, Path) else []
    weights += [] if recipe.teacher is None else [Path(recipe.teacher)]
    said = (*notes, *recipe_warnings(recipe, config), *map(unfinished_note, weights))
    for line in dict.fromkeys(said):
        if line is not None:
            listener.warning(line)


def _all_settings(
    settings: Mapping[str, object], teacher: str | Path | None, teacher_weight: float | None
) -> dict[str, object]:
    """What is set of the recipe, with the teacher.

    Raises:
        ValueError: something is given twice.
    """
    named = {
        "teacher": None if teacher is None else str(teacher),
        "teacher_weight": teacher_weight,
    }
    given = {field: value for field, value in named.items() if value is not None}
    if twice := given.keys() & settings.keys():
        field = min(twice)
        raise ValueError(f"{field} must be given once, got both {field} and a setting of it")
    return {**settings, **given}


def _adapted_recipe(choice: RecipeChoice, config: NetworkConfig, initial: Start | None) -> Recipe:
    """The recipe for the network of `config`, trained from `initial`.

    A network that starts from given weights keeps its last convolutions, unless it was set that
    they begin at zero.

    Raises:
        ValueError: the choice does not fit the network or what it starts from.
    """
    choice.check_use([config.family])
    recipe = choice.for_network(config)
    if recipe.routing.stage == "classifier" and not isinstance(initial, Path):
        raise ValueError(
            f"recipe {recipe.name} trains only the classifier, so the branches must be trained: "
            "add --init with the checkpoint of a training by classsr-branch"
        )
    if initial is not None and "zero_last_convolution" not in choice.settings:
        return recipe.replace(zero_last_convolution=False)
    return recipe
