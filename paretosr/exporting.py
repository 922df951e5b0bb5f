"""A trained network as ONNX."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.programs.onnx_graph import DEFAULT_OPSET
from foundation.listener import SILENT, Listener
from paretosr.models import Model, load
from paretosr.results import Result, Table
from upscaling import ExportSettings, exporter_of, trained_network


@dataclass(frozen=True, repr=False)
class Export(Result):
    """What was written, after ONNX Runtime gave the network's images on photographs."""

    model: str
    """Its reference."""
    path: Path
    """The file, or the folder of a ClassSR."""
    is_folder: bool
    scale: int
    """Enlargement of height and width."""
    opset: int
    """The version of ONNX's operators."""
    lr_size_px: tuple[int, int] | None
    """Height and width of the images if they have one size; None: any number of any size."""
    max_difference: float
    """The largest difference from the network, where 1 is the images' range, or the output's
    largest value."""

    def to_dict(self) -> Mapping[str, object]:
        height_px, width_px = self.lr_size_px or (None, None)
        return {
            "folder" if self.is_folder else "file": str(self.path),
            "scale": self.scale,
            "opset": self.opset,
            "lr_height_px": height_px,
            "lr_width_px": width_px,
            "max_difference": self.max_difference,
        }

    def tables(self) -> Sequence[Table]:
        return ()

    def sentences(self) -> Sequence[str]:
        return (
            f"{self.path}: {self.model} x{self.scale}, largest difference "
            f"{self.max_difference:.1e}",
        )


def export(
    model: Model | str | Path,
    path: str | Path,
    *,
    opset: int = DEFAULT_OPSET,
    lr_size_px: tuple[int, int] | None = None,
    listener: Listener = SILENT,
) -> Export:
    """Write a trained network as ONNX, after ONNX Runtime gave its images on photographs.

    The file's input `images` is float32 from 0 to 1, (N, 3, h, w), and its output `enlarged`
    (N, 3, scale h, scale w), which is to be clamped. It takes images from 1x1 on: where one is
    smaller than the network takes, its last row and column are repeated, and the output is
    cropped. ClassSR becomes a folder: `classifier.onnx` from patches to `logits`, `branch_1.onnx`
    and the next for the classes, and `manifest.json`, which says how to cut, route and blend.

    Args:
        model: a trained network, or a reference to one.
        path: file to write, ending in .onnx; for ClassSR a new or an empty folder.
        opset: version of ONNX's operators.
        lr_size_px: height and width of the images, which then come one at a time; by default
            any number of any size. ClassSR's graphs then take one patch at a time.
        listener: hears what is being done.

    Returns:
        What was written, and how far it is from the network.

    Raises:
        ValueError: the model has no trained weights, ONNX or its runtime is not installed, the
            path does not fit, or a setting is impossible.
        ExportFailed: a RuntimeError: the network cannot be exported, or ONNX Runtime gives other
            images; nothing was written.
        OSError: the file cannot be written; the error names it.

    Examples:
        >>> import paretosr as psr
        >>> training = psr.train(psr.load("fsrcnn", scale=2), "runs/fsrcnn", steps=5)
        >>> psr.export(training.checkpoint, "fsrcnn.onnx").max_difference < 1e-4
        True
    """
    path, model = Path(path), load(model)
    settings = ExportSettings(opset, lr_size_px)
    if model.config is None:
        raise ValueError("MODEL must be a network to be exported, got bicubic")
    exporter = exporter_of(model.config)
    exporter.check_path(path)
    network = trained_network(model)
    listener.status("exporting, and comparing on photographs")
    return Export(
        model=model.name,
        path=path,
        is_folder=exporter.is_folder,
        scale=model.scale,
        opset=opset,
        lr_size_px=lr_size_px,
        max_difference=exporter.write(network, path, settings),
    )
