"""A trained network as ONNX."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.programs.onnx_graph import DEFAULT_OPSET
from compressors import Artefact, read_artefact
from foundation import write_bytes_atomically
from foundation.listener import SILENT, Listener
from paretosr.models import Model, load
from paretosr.results import Result, Table
from upscaling import ExportSettings, exporter_of, trained_network


@dataclass(frozen=True, repr=False)
class Export(Result):
    """What was written, after ONNX Runtime gave the network's images on photographs.

    Of a quantised network its program was copied, which `opset` and `max_difference` say nothing
    of.
    """

    model: str
    """Its reference."""
    path: Path
    """The file, or the folder of a ClassSR."""
    is_folder: bool
    scale: int
    """Enlargement of height and width."""
    opset: int | None
    """The version of ONNX's operators."""
    lr_size_px: tuple[int, int] | None
    """Height and width of the images if they have one size; None: any number of any size."""
    max_difference: float | None
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
        if self.max_difference is None:
            return (f"{self.path}: the int8 program of {self.model} x{self.scale}",)
        return (
            f"{self.path}: {self.model} x{self.scale}, largest difference "
            f"{self.max_difference:.1e}",
        )


def export(
    model: Model | str | Path,
    path: str | Path,
    *,
    opset: int | None = None,
    lr_size_px: tuple[int, int] | None = None,
    listener: Listener = SILENT,
) -> Export:
    """Write a trained network as ONNX, after ONNX Runtime gave its images on photographs.

    Of a quantised network its program is written: for ONNX Runtime as .onnx, for OpenVINO as .xml
    with .bin beside it, for XNNPACK as .pte, which is the learned part of the network alone.

    The file's input `images` is float32 from 0 to 1, (N, 3, h, w), and its output `enlarged`
    (N, 3, scale h, scale w), which is to be clamped. It takes images from 1x1 on: where one is
    smaller than the network takes, its last row and column are repeated, and the output is
    cropped. ClassSR becomes a folder: `classifier.onnx` from patches to `logits`, `branch_1.onnx`
    and the next for the classes, and `manifest.json`, which says how to cut, route and blend.

    Args:
        model: a trained network, or a reference to one.
        path: file to write, ending in .onnx, or as its program of a quantised network; for ClassSR
            a new or an empty folder.
        opset: version of ONNX's operators; by default 20.
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
    path, model = Path(path), load(model, listener=listener)
    if model.artefact is not None:
        if opset is not None or lr_size_px is not None:
            raise ValueError(
                f"{model.name} is quantised already, for images of any size: leave opset and size "
                "out"
            )
        return _export_program(model, read_artefact(model.artefact), path)
    settings = ExportSettings(opset or DEFAULT_OPSET, lr_size_px)
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
        opset=settings.opset,
        lr_size_px=lr_size_px,
        max_difference=exporter.write(network, path, settings),
    )


def _export_program(model: Model, artefact: Artefact, path: Path) -> Export:
    program = artefact.program
    if path.suffix != program.suffix:
        raise ValueError(
            f"the program of {model.name} is for {artefact.manifest.engine}: name a file that ends "
            f"in {program.suffix}, got {path}"
        )
    if program.suffix == ".xml":
        weights = program.with_suffix(".bin").read_bytes()
        write_bytes_atomically(path.with_suffix(".bin"), weights)
    write_bytes_atomically(path, program.read_bytes())
    return Export(
        model=model.name,
        path=path,
        is_folder=False,
        scale=model.scale,
        opset=None,
        lr_size_px=None,
        max_difference=None,
    )
