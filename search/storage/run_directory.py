"""The layout of a run directory and its settings file, without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from foundation import write_text_atomically
from foundation.documents import read_yaml

ARTEFACT_FOLDER = "int8"
"""Of the int8 program, beside the weights that it was made of."""


@dataclass(frozen=True)
class RunDirectory:
    """Where the parts of a run are."""

    path: Path

    @property
    def settings(self) -> Path:
        """The resolved config and everything decided once for all sessions."""
        return self.path / "run.yaml"

    @property
    def journal(self) -> Path:
        """Optuna's journal, the source of truth."""
        return self.path / "study.journal"

    @property
    def all_checkpoints(self) -> Path:
        """The folder of all trainings, with one inside it for each network."""
        return self.path / "checkpoints"

    @property
    def taught_images(self) -> Path:
        """The folder of what a teacher made of the batches, which all candidates learn from."""
        return self.path / "taught_images"

    def checkpoints(self, arch_id: str, seed: int) -> Path:
        """The folder of one training."""
        return self.all_checkpoints / arch_id / f"seed-{seed}"

    def artefact(self, arch_id: str, seed: int) -> Path:
        """The folder of the int8 program of what that training gave."""
        return self.checkpoints(arch_id, seed) / ARTEFACT_FOLDER

    def trainings(self, arch_id: str) -> list[Path]:
        """The checkpoints of a network's finished trainings, by ascending seed."""
        found = (self.all_checkpoints / arch_id).glob("seed-*/model.safetensors")
        return sorted(found, key=lambda path: int(path.parent.name.removeprefix("seed-")))

    def read_settings(self) -> dict[str, Any]:
        """The contents of run.yaml.

        Raises:
            ValueError: the file is missing or no YAML mapping.
        """
        if not self.settings.is_file():
            found = f"{self.path} {'does not' if self.path.is_dir() else 'is a file'}"
            if not self.path.exists():
                found = f"there is no {self.path}"
            raise ValueError(
                f"a run directory must hold {self.settings.name}, but {found}: give the directory "
                "that `paretosr search` printed"
            )
        data = read_yaml(self.settings)
        if not isinstance(data, dict):
            raise ValueError(f"{self.settings} must hold a mapping, got {type(data).__name__}")
        return data

    def write_settings(self, settings: Mapping[str, object]) -> None:
        """Replace run.yaml."""
        text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
        write_text_atomically(self.settings, text)
