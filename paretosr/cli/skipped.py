"""How a command ends that had to leave out images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imaging.decoding import SkippedImage


def end_if_skipped(skipped: "Sequence[SkippedImage]", total: int) -> None:
    """End with a failure if images were left out of `total`, which the notes before name.

    Raises:
        RuntimeError: there are such images: the command did less than it was asked to.
    """
    if skipped:
        raise RuntimeError(f"{len(skipped)} of {total} images were skipped (see above)")
