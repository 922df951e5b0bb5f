"""What a training comes to, on the terminal and as JSON."""

from typing import Any

from paretosr.cli.output import write_line
from paretosr.single_training import TrainingOutcome, TrainingPlan
from paretosr.training_report import TrainingReport
from training.recipes.schedule import schedule_in_words


def write_summary(
    validation: str, plan: TrainingPlan, outcome: TrainingOutcome, report: TrainingReport
) -> None:
    """Write the result in lines."""
    training, quality, baseline = outcome.training, outcome.quality, outcome.bicubic
    if training.resumed_from_step == training.steps:
        write_line("this training had ended already")
    elif training.resumed_from_step:
        write_line(f"continued from step {training.resumed_from_step}")
    if outcome.initial is not None and outcome.initial.fresh:
        write_line(
            f"started from weights at x{outcome.initial.scale}, except for "
            f"{', '.join(outcome.initial.fresh)}, whose shape is another at x{plan.config.scale}"
        )
    write_line(
        f"{training.steps} steps in {training.seconds:.1f} s, {plan.precision}, "
        f"last loss {training.loss:.4f}"
    )
    gain_db = quality.psnr_y_db - baseline.psnr_y_db
    write_line(
        f"on {validation} x{plan.config.scale}: PSNR {quality.psnr_y_db:.2f} dB "
        f"({gain_db:+.2f} dB to bicubic), SSIM {quality.ssim_y:.4f}; "
        f"best {outcome.best_psnr_y_db:.2f} dB after step {outcome.best_step}"
    )
    if outcome.active_fractions is not None:
        modules = ", ".join(f"{part:.2f}" for part in outcome.active_fractions.mean(axis=1))
        write_line(
            f"active fraction {outcome.active_fractions.mean():.3f}, of the modules {modules}"
        )
    for number, of_class in enumerate(outcome.classes, 1):
        error = of_class.bicubic_psnr_db
        hardness = "" if error is None else f", bicubic {error:.2f} dB"
        write_line(f"class {number}: {100 * of_class.share:.1f} % of the patches{hardness}")
    for path in (outcome.checkpoint, outcome.best_checkpoint, report.page):
        write_line(str(path))


def summary_json(
    model: str,
    validation: str,
    plan: TrainingPlan,
    outcome: TrainingOutcome,
    report: TrainingReport,
) -> dict[str, Any]:
    """The result as one JSON document."""
    training, quality, baseline = outcome.training, outcome.quality, outcome.bicubic
    initial, fractions = outcome.initial, outcome.active_fractions
    return {
        "model": model,
        "arch_id": plan.config.arch_id,
        "scale": plan.config.scale,
        "recipe": plan.patches.recipe.model_dump(mode="json"),
        "schedule": schedule_in_words(plan.patches.recipe, plan.config, plan.steps),
        "initial_weights": None if initial is None else str(plan.initial),
        "fresh_tensors": [] if initial is None else list(initial.fresh),
        "train_steps": training.steps,
        "train_seconds": training.seconds,
        "resumed_from_step": training.resumed_from_step,
        "loss": training.loss,
        "precision": plan.precision,
        "validation": validation,
        "psnr_y_db": quality.psnr_y_db,
        "ssim_y": quality.ssim_y,
        "best_step": outcome.best_step,
        "best_psnr_y_db": outcome.best_psnr_y_db,
        "bicubic_psnr_y_db": baseline.psnr_y_db,
        "bicubic_ssim_y": baseline.ssim_y,
        "active_fraction": None if fractions is None else float(fractions.mean()),
        "active_fraction_by_module": (
            None if fractions is None else fractions.mean(axis=1).tolist()
        ),
        "classes": [
            {
                "share": of_class.share,
                "bicubic_mse": of_class.bicubic_mse,
                "bicubic_psnr_db": of_class.bicubic_psnr_db,
            }
            for of_class in outcome.classes
        ],
        "checkpoint": str(outcome.checkpoint),
        "best_checkpoint": str(outcome.best_checkpoint),
        "log": str(outcome.log),
        "curve": str(report.curve),
        "report": str(report.page),
    }
