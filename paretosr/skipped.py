"""Images that a command had to leave out: said at the end, and by the exit status."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from imaging.decoding import BadImageError
from paretosr.cli.output import write_note


@dataclass(frozen=True)
class SkippedImage:
    """An image that was left out, and why."""

    path: Path
    reason: str

    @classmethod
    def of(cls, error: BadImageError) -> Self:
        """An image that does not decode."""
        return cls(error.path, error.reason)

    def as_json(self) -> dict[str, str]:
        return {"file": str(self.path), "reason": self.reason}


def end_if_skipped(skipped: Sequence[SkippedImage], total: int) -> None:
    """List the images that were left out of `total`, after the results.

    Raises:
        RuntimeError: there are such images: the command did less than it was asked to.
    """
    for image in skipped:
        write_note(f"skipped {image.path}: {image.reason}")
    if skipped:
        raise RuntimeError(f"{len(skipped)} of {total} images were skipped (see above)")
