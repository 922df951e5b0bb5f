"""What of a run's checkpoints is removed when nothing continues them."""

import shutil
from dataclasses import dataclass

from search.storage.run_directory import RunDirectory
from training.state import STATE_FILE


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a run's candidates."""

    run: RunDirectory

    def finish(self, arch_id: str) -> None:
        """Leave of trainings that have reached their last step the networks alone."""
        for model in self.run.trainings(arch_id):
            (model.parent / STATE_FILE).unlink(missing_ok=True)

    def remove(self, arch_id: str) -> None:
        """Remove trainings that came to no end."""
        shutil.rmtree(self.run.path / "checkpoints" / arch_id, ignore_errors=True)
