"""Watching a training: its log, its validation, and the best weights so far."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from training.log import TrainingLog
from training.state import Progress, TrainingFolder
from training.step import StepLoss, TrainingStep
from training.validation import PSNR, Validation

LOG_FILE = "training.csv"
LOGGED_STEPS = 200
VALIDATIONS = 20
SPARED_STEPS = 250
"""A validation may take as long as hundreds of steps, so short trainings have fewer."""


def usual_interval(steps: int) -> int:
    """The steps between validations of a training of `steps`, if nobody asks for another."""
    return max(SPARED_STEPS, math.ceil(steps / VALIDATIONS))


@dataclass(frozen=True)
class Watch:
    """How closely a training is watched."""

    validation: Validation
    validate_every: int
    """Steps; the last step is validated in any case."""
    log_every: int
    """Steps between rows of the log, which every validation gets as well."""

    @classmethod
    def over(cls, steps: int, validation: Validation, validate_every: int | None) -> Self:
        """About 200 rows and, unless `validate_every` says otherwise, at most 20 validations."""
        return cls(
            validation,
            validate_every=validate_every or usual_interval(steps),
            log_every=math.ceil(steps / LOGGED_STEPS),
        )


class Monitor:
    """Writes `training.csv`, and `best.safetensors` whenever a validation is the best so far."""

    def __init__(self, watch: Watch, folder: TrainingFolder, steps: int) -> None:
        self._watch = watch
        self._folder = folder
        self._steps = steps
        self._log = TrainingLog(folder.path / LOG_FILE)
        self._best_db = -math.inf

    def continue_after(self, step: int) -> None:
        """Go on with a training of which `step` steps are done."""
        self._log.continue_after(step)
        if (best := self._log.best(PSNR)) is not None:
            self._best_db = best[1]

    def observe(
        self, training: TrainingStep, progress: Progress, learning_rate: float, loss: StepLoss
    ) -> None:
        """Log and validate the step that was just done, each where it is due."""
        step, watch = progress.step, self._watch
        is_validated = step % watch.validate_every == 0 or step == self._steps
        if not is_validated and step % watch.log_every:
            return
        judged: Mapping[str, float | None]
        judged = dict.fromkeys(watch.validation.columns(training.network.config))
        if is_validated:
            judged = self._validate(training, progress)
        self._log.add(
            {
                "step": step,
                "train_seconds": progress.seconds,
                "learning_rate": learning_rate,
                "loss": loss.value,
                **{name: part.item() for name, part in loss.parts.items()},
                **judged,
            }
        )

    def _validate(self, training: TrainingStep, progress: Progress) -> Mapping[str, float]:
        """Judge the averaged weights, and keep the best."""
        judged = self._watch.validation.judge(training.averaged_network)
        if judged[PSNR] > self._best_db:
            self._best_db = judged[PSNR]
            self._folder.save_best(progress, training.averaged_weights())
        return judged
