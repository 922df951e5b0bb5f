"""A training on disk: the model so far, and beside it what continuing exactly needs.

`model.safetensors` holds the averaged weights and is a complete model at any time; its
metadata say of which step. `training-state.safetensors` holds, in one file and so never
mismatched, the last weights, their average and Adam's moments; it goes when a training ends that
cannot be continued to a longer one, and else stays as it was before the cooldown.
Where a training is validated on its way, `best.safetensors` holds the averaged weights that
gave the best PSNR.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from blocks.checkpoints import Checkpoint, load_checkpoint, read_metadata, save_checkpoint
from blocks.networks.registry import NetworkConfig
from training.recipes.recipe import Recipe

MODEL_FILE = "model.safetensors"
BEST_FILE = "best.safetensors"
STATE_FILE = "training-state.safetensors"
NO_TEACHER = "none"
PLANNED_STEPS = "planned_steps"
"""The length of the training, which its recipe may not make part of its identity."""


@dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    step: int
    seconds: float
    """Spent training, over all resumes."""
    loss: float
    """Of the last step."""


def planned_steps(metadata: Mapping[str, str]) -> int | None:
    """The length of the training that a checkpoint is of; None if it does not say."""
    stored = metadata.get(PLANNED_STEPS, metadata.get("steps", ""))
    return int(stored) if stored.isdigit() else None


def unfinished_note(path: Path) -> str | None:
    """What to know of a checkpoint whose training has not ended; None if it has, or is unknown.

    Raises:
        ValueError: the file is missing, or not a safetensors file.
    """
    metadata = read_metadata(path)
    step, steps = metadata.get("step", ""), planned_steps(metadata)
    if not step.isdigit() or steps is None or int(step) >= steps:
        return None
    result = path.with_name(MODEL_FILE)
    if path.name == BEST_FILE and result.exists() and unfinished_note(result) is None:
        return None
    return f"{path} is of step {int(step):,} of {steps:,}: its training has not ended"


Saved = tuple[Progress, Mapping[str, Tensor]]
"""How far a training had come, and its tensors then."""


@dataclass(frozen=True)
class TrainingFolder:
    """The folder of one training, and what tells it from every other training."""

    path: Path
    config: NetworkConfig
    identity: Mapping[str, str]
    """What must be equal to continue, beside the config: recipe, seed, steps, ..."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What else the checkpoints say, which may differ when the training is continued."""

    def load_state(self, kept_steps: int) -> Saved | None:
        """Return the tensors to continue with, or None where the folder has none.

        `kept_steps` of the training are those that longer ones have too.

        Raises:
            ValueError: the file is corrupt, of another training, or of one that is longer.
        """
        state = self._load(STATE_FILE)
        if state is not None and state[0].step > kept_steps:
            raise ValueError(
                f"{self.path / STATE_FILE} is of step {state[0].step}, from which no shorter "
                f"training can continue: ask for as many steps or more, or {self._remedy}"
            )
        return state

    def load_final_model(self, state: Saved | None, steps: int) -> Saved | None:
        """Return the weights after the last of `steps` steps, or None where there are none.

        Beside no `state` weights of another step are an error.

        Raises:
            ValueError: the file is corrupt, of another training, or half trained.
        """
        model = self._load(MODEL_FILE)
        if model is None or model[0].step == steps:
            return model
        if state is None:
            raise ValueError(
                f"{self.path / MODEL_FILE} is of step {model[0].step}, not {steps}, so half "
                f"trained, and {STATE_FILE} beside it is missing: {self._remedy}"
            )
        return None

    def save(
        self, progress: Progress, state: Mapping[str, Tensor], model: Mapping[str, Tensor]
    ) -> None:
        """Save a training that has not ended."""
        # In this order a half trained model never lacks its state.
        self._save(STATE_FILE, progress, state)
        self._save(MODEL_FILE, progress, model)

    def save_final(
        self, progress: Progress, model: Mapping[str, Tensor], *, keep_state: bool
    ) -> None:
        """Save a training that has ended; with its state, it can be continued."""
        self._save(MODEL_FILE, progress, model)
        if not keep_state:
            (self.path / STATE_FILE).unlink(missing_ok=True)

    def save_best(self, progress: Progress, model: Mapping[str, Tensor]) -> None:
        """Save the weights that were the best so far, a complete model beside the others."""
        self._save(BEST_FILE, progress, model)

    @property
    def _remedy(self) -> str:
        return f"delete {self.path} to train again"

    def _save(self, name: str, progress: Progress, tensors: Mapping[str, Tensor]) -> None:
        metadata = {
            **self.notes,
            **self.identity,
            "step": str(progress.step),
            "seconds": repr(progress.seconds),
            "loss": repr(progress.loss),
        }
        save_checkpoint(self.path / name, tensors, self.config, metadata)

    def _load(self, name: str) -> tuple[Progress, Mapping[str, Tensor]] | None:
        path = self.path / name
        if not path.exists():
            return None
        try:
            checkpoint = load_checkpoint(path)
        except ValueError as error:
            raise ValueError(f"{error}: {self._remedy}") from error
        self._check_identity(path, checkpoint)
        metadata = checkpoint.metadata
        try:
            progress = Progress(
                int(metadata["step"]), float(metadata["seconds"]), float(metadata["loss"])
            )
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path} does not say which step it holds: {self._remedy}") from error
        return progress, checkpoint.tensors

    def _check_identity(self, path: Path, checkpoint: Checkpoint) -> None:
        wanted = {"arch_id": self.config.arch_id, **self.identity}
        # Trainings of before there were teachers do not say that they had none.
        of_before = {"teacher": NO_TEACHER}
        found = {"arch_id": checkpoint.config.arch_id, **of_before, **checkpoint.metadata}
        for key, value in wanted.items():
            if (other := found.get(key, "unknown")) != value:
                differs = f"{key} {other}, not {value}"
                if key == "recipe":
                    differs = _recipe_difference(other, value)
                elif key == "steps":
                    differs += ", and by a recipe whose schedule has the length of the training"
                raise ValueError(
                    f"{path} belongs to a training with {differs}: "
                    f"ask for the same again, or {self._remedy}"
                )


def _recipe_difference(found: str, wanted: str) -> str:
    """What tells two recipes apart, which are JSON; the found one may be of an older version."""
    recipe = Recipe.model_validate_json(wanted)
    try:
        other = Recipe.model_validate_json(found)
    except ValueError:
        return f"a recipe that this version does not know, not {recipe.name}"
    if other.name != recipe.name:
        return f"recipe {other.name}, not {recipe.name}"
    changes = recipe.changes_from(other)
    fields = (f"{field} {before}, not {now}" for field, (before, now) in changes.items())
    return f"recipe {recipe.name} with {'; '.join(fields)}"
