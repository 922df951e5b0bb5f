"""Checkpoints by a network's authors as complete models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks import import_files, save_checkpoint
from foundation import has_suffix
from foundation.listener import SILENT, Listener
from paretosr.models import Model, load
from paretosr.results import Result, Table


@dataclass(frozen=True, repr=False)
class ImportedWeights(Result):
    """The checkpoint that was written."""

    model: str
    """The network, as it was named."""
    scale: int
    """Enlargement of height and width."""
    file: Path
    arch_id: str
    """The identity of the network's design."""
    tensors: int
    """How many there are."""

    def to_dict(self) -> Mapping[str, object]:
        return {"file": str(self.file), "arch_id": self.arch_id, "tensors": self.tensors}

    def tables(self) -> Sequence[Table]:
        return ()

    def sentences(self) -> Sequence[str]:
        return (f"{self.file}: {self.model} x{self.scale}, {self.tensors} tensors",)


def import_weights(
    source: str | Path | Sequence[str | Path],
    model: Model | str | Path,
    out: str | Path,
    *,
    listener: Listener = SILENT,
) -> ImportedWeights:
    """Convert a checkpoint that a network's authors published into a complete model.

    The file is read without running code in it. Every tensor must belong to the network, and none
    may be missing. Of plain and averaged weights, the averaged are taken.

    Args:
        source: the checkpoint: .pth, .pt or .safetensors; or for ClassSR those of the branches,
            from the easiest to the hardest, and last perhaps that of the classifier.
        model: the network it is of.
        out: file to write, ending in .safetensors.
        listener: hears under which key or prefix the weights were found.

    Returns:
        The checkpoint that was written, which every function takes for a model.

    Raises:
        ValueError: the file is not a checkpoint of this network, or `out` ends otherwise.
        OSError: a file cannot be read or written; the error names it.

    Examples:
        >>> import paretosr as psr
        >>> fsrcnn = psr.load("fsrcnn-rgb", scale=4)
        >>> psr.import_weights("FSRCNN.pth", fsrcnn, "fsrcnn-x4.safetensors").tensors
        20
    """
    sources = [Path(source)] if isinstance(source, str | Path) else [Path(part) for part in source]
    out, model = Path(out), load(model, listener=None)
    if not has_suffix(out, ".safetensors"):
        raise ValueError(f"a checkpoint to be written must end in .safetensors, got {out}")
    if model.config is None:
        raise ValueError(f"MODEL must name a network, got {model.name}, which has no weights")
    weights = import_files(sources, model.config)
    names = ", ".join(part.name for part in sources)
    save_checkpoint(out, weights.state, model.config, {"imported_from": names})
    for note in weights.notes:
        listener.warning(note)
    return ImportedWeights(model.name, model.scale, out, model.config.arch_id, len(weights.state))
