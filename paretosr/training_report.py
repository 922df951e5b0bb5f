"""What a training leaves for people: its curve and a page beside its checkpoints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from foundation import write_text_atomically
from paretosr.decisions import decision_figure
from paretosr.results import Table
from paretosr.single_training import TrainingOutcome, TrainingPlan
from reports.figures.style import save_figure
from reports.figures.training_curve import training_curve
from training.recipes.recipe import BICUBIC, Recipe
from training.recipes.registry import get_recipe, recipe_for
from training.recipes.schedule import schedule_in_words

CURVE_FILE = "training.png"
REPORT_FILE = "report.md"
DECISIONS_FILE = "decisions.png"


@dataclass(frozen=True)
class TrainingNames:
    """What the user calls the parts of a training."""

    model: str
    data: str
    """The training images."""
    validation: str


@dataclass(frozen=True)
class TrainingReport:
    """The files of a report."""

    curve: Path
    page: Path
    decisions: Path
    """Written only for families of which there is a figure."""

    @classmethod
    def beside(cls, folder: Path) -> Self:
        """The files in the folder of a training."""
        return cls(folder / CURVE_FILE, folder / REPORT_FILE, folder / DECISIONS_FILE)


def write_training_report(
    names: TrainingNames, plan: TrainingPlan, outcome: TrainingOutcome, report: TrainingReport
) -> None:
    """Draw the curve from the log and what was decided, and write the page.

    Raises:
        OSError: a file cannot be written; the error names it.
    """
    # A log that was deleted is missed, but nothing else depends on it.
    if outcome.log.exists():
        figure = training_curve(
            pd.read_csv(outcome.log),
            name=f"{names.model}, x{plan.config.scale}",
            bicubic_psnr_y_db=outcome.bicubic.psnr_y_db,
        )
        save_figure(figure, report.curve)
    quality = quality_table(outcome)
    sections = [
        f"# Training of {names.model}, x{plan.config.scale}",
        _table(("setting", "value"), _settings(names, plan, outcome)),
        schedule_in_words(plan.patches.recipe, plan.config, plan.steps) + ".",
        f"## Quality on {names.validation}",
        _table(quality.headings, quality.rows),
        f"`best.safetensors` is from step {outcome.best_step}, {outcome.best_psnr_y_db:.2f} dB.",
        *_patch_classes(plan),
        *_decisions(outcome),
        *_decision_figure(names, plan, outcome, report),
        f"![Loss and PSNR against the step]({CURVE_FILE})",
    ]
    write_text_atomically(report.page, "\n\n".join(sections) + "\n")


def quality_table(outcome: TrainingOutcome, title: str = "") -> Table:
    """The trained network beside bicubic."""
    quality, baseline = outcome.quality, outcome.bicubic
    gain_db = quality.psnr_y_db - baseline.psnr_y_db
    numeric = ("PSNR on Y (dB)", "SSIM on Y", "to bicubic (dB)")
    return Table(
        ("", *numeric),
        (
            ("trained", f"{quality.psnr_y_db:.2f}", f"{quality.ssim_y:.4f}", f"{gain_db:+.2f}"),
            ("bicubic", f"{baseline.psnr_y_db:.2f}", f"{baseline.ssim_y:.4f}", ""),
        ),
        frozenset(numeric),
        title,
    )


def _settings(
    names: TrainingNames, plan: TrainingPlan, outcome: TrainingOutcome
) -> list[tuple[str, Any]]:
    recipe, initial = plan.patches.recipe, outcome.initial
    settings: list[tuple[str, Any]] = [
        ("network", plan.config.arch_id),
        ("started from", "random weights" if initial is None else plan.initial),
        ("taught by", _teacher(recipe, outcome)),
        ("training images", names.data),
        ("recipe", recipe.name),
        ("set otherwise than in the recipe", _changes(plan)),
        ("steps", f"{plan.steps:,}"),
        ("batch size", recipe.batch_size),
        ("low-resolution patch (px)", recipe.lr_patch_px),
        ("peak learning rate", f"{recipe.learning_rate:g}"),
        ("decay of the averaged weights", recipe.ema_decay or "no average"),
        ("gradient clipped at norm", recipe.clip_norm or "no"),
        ("precision", plan.precision),
        ("device", plan.device),
        ("processes", plan.processes.count),
        ("seed", plan.patches.seed),
        ("training time (s)", f"{outcome.training.seconds:.1f}"),
        ("last loss", f"{outcome.training.loss:.4g}"),
    ]
    return settings


def _teacher(recipe: Recipe, outcome: TrainingOutcome) -> str:
    if recipe.teacher is None:
        return "originals alone"
    return (
        f"{recipe.teacher} ({outcome.training.teacher}), weight {recipe.teacher_weight:g}, "
        "beside originals"
    )


def _changes(plan: TrainingPlan) -> str:
    """How the recipe differs from the one of its name for such a network."""
    recipe = plan.patches.recipe
    changes = recipe.changes_from(recipe_for(get_recipe(recipe.name), plan.config))
    changes.pop("teacher", None)  # which has a line of its own
    return ", ".join(f"{field} {value}" for field, (_, value) in changes.items()) or "nothing"


def _patch_classes(plan: TrainingPlan) -> list[str]:
    classes = plan.patches.classes
    if classes is None:
        return []
    starts = [0.0, *classes.thresholds_mse]
    rows = [
        (number, f"{start:.2f}", f"{mean:.2f}")
        for number, (start, mean) in enumerate(zip(starts, classes.mean_mse, strict=True), 1)
    ]
    classes_by = plan.patches.recipe.routing.classes_by
    upscaler = "bicubic enlargement" if classes_by == BICUBIC else classes_by
    return [
        "## Classes of the training patches\n\nEqual parts by the mean squared error of "
        f"{upscaler} (RGB, 0 to 255).",
        _table(("class", "from error", "mean error"), rows),
    ]


def _decisions(outcome: TrainingOutcome) -> Iterator[str]:
    for section in outcome.decisions.sections:
        yield f"## {section.heading}\n\n{section.text}"
        yield _table(section.columns, section.rows)


def _decision_figure(
    names: TrainingNames, plan: TrainingPlan, outcome: TrainingOutcome, report: TrainingReport
) -> Iterator[str]:
    name = f"{names.model}, x{plan.config.scale}"
    figure = decision_figure(plan.config.family, outcome.decisions, name)
    if figure is not None:
        save_figure(figure, report.decisions)
        yield f"![What the network decides on the validation images]({DECISIONS_FILE})"


def _table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
