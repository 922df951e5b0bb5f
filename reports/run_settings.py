"""What a run's files must say about how its numbers came about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """One run, as its figures and tables describe it."""

    scale: int
    objectives: tuple[str, ...]
    training_data: str
    """A folder or "bundled"; figures show the folder's last part."""
    validation_data: str
    train_steps: int
    recipe: str
    sampler: str
    seed: int
    target: str | None = None
    lr_height_px: int | None = None
    lr_width_px: int | None = None
    reference: Mapping[str, float] | None = None
    """The hypervolume's reference: one number per objective; None chooses it from the run."""
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """The least and the largest value allowed of a column; None where there is no such bound."""

    @property
    def training_name(self) -> str:
        """The training data in one word."""
        return Path(self.training_data).name or self.training_data

    @property
    def validation_name(self) -> str:
        """The validation data in one word."""
        return Path(self.validation_data).name or self.validation_data
