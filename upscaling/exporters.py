"""What writes a network as ONNX: most families become one file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks import NetworkConfig
from foundation.registry import Registry
from upscaling.export import ExportSettings, export_network
from upscaling.export_classsr import export_classsr


@dataclass(frozen=True)
class Exporter:
    """How the networks of a family are written.

    Attributes:
        name: of the family.
        write: writes a network as settings say, or nothing where ONNX Runtime gives other images;
            returns the largest difference between both.
        is_folder: several files are written.
    """

    name: str
    write: Callable[[Any, Path, ExportSettings], float]
    is_folder: bool = False

    def check_path(self, path: Path) -> None:
        """Check that a path can name what is written.

        Raises:
            ValueError: a file's does not end in .onnx, or a folder's does.
        """
        is_file_name = path.suffix.lower() == ".onnx"
        if self.is_folder and is_file_name:
            raise ValueError(f"this network becomes a folder: name one without .onnx, got {path}")
        if not self.is_folder and not is_file_name:
            raise ValueError(f"an ONNX file must end in .onnx, got {path}")


EXPORTERS = Registry("exporter", (Exporter("classsr", export_classsr, is_folder=True),))
_ONE_FILE = Exporter("", export_network)


def exporter_of(config: NetworkConfig) -> Exporter:
    """Return what writes the networks of this config's family."""
    return EXPORTERS.get(config.family, _ONE_FILE)
