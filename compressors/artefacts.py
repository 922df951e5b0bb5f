"""A quantised network on disk: a folder with the float checkpoint, the program and a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from compressors.schemes import Scheme
from foundation.configs import FrozenConfig, parse_config
from foundation.documents import read_json

FORMAT_VERSION: Literal[1] = 1
CHECKPOINT_FILE = "model.safetensors"
MANIFEST_FILE = "manifest.json"

EngineName = Literal["openvino", "onnxruntime", "xnnpack"]


class Trial(FrozenConfig):
    """One program that was made of the network, and what it lost on the held-out crops."""

    scheme: Scheme
    kept_float: tuple[str, ...] = ()
    """Layers that the rule would quantise and that stayed in float nevertheless."""
    psnr_y_db: float
    loss_db: float
    """What the float network has more."""
    weights_kib: float
    """Weights and biases as the program stores them, with their scales."""
    file_kib: float
    """All files of the program."""


class Manifest(FrozenConfig):
    """What a quantised network was made of, how, and for which machine."""

    format_version: Literal[1] = FORMAT_VERSION
    engine: EngineName
    arch_id: str
    weights_digest: str
    crops_digest: str
    """Of the pixels of all crops, those held out included."""
    instruction_set: str
    versions: dict[str, str]
    """Of the libraries that made the program."""
    chosen: Trial
    tried: tuple[Trial, ...]
    """Every program that was made, in this order."""
    quantised_layers: tuple[str, ...]
    float_layers: dict[str, str]
    """The convolutions in float, and why each is."""
    float_psnr_y_db: float
    """Of the float network on the held-out crops."""
    float_weights_kib: float


@dataclass(frozen=True)
class Artefact:
    """A quantised network: a folder that is also a MODEL."""

    folder: Path
    manifest: Manifest

    @property
    def program(self) -> Path:
        """The file that the engine loads."""
        return self.folder / PROGRAM_FILES[self.manifest.engine]

    @property
    def checkpoint(self) -> Path:
        """The float network."""
        return self.folder / CHECKPOINT_FILE


PROGRAM_FILES: Mapping[EngineName, str] = {
    "openvino": "program.xml",
    "onnxruntime": "program.onnx",
    "xnnpack": "program.pte",
}
"""By the engine, the file that it loads; OpenVINO reads program.bin beside it."""


def is_artefact(folder: Path) -> bool:
    """Whether `folder` is one, by its manifest."""
    return (folder / MANIFEST_FILE).is_file()


def read_artefact(folder: Path) -> Artefact:
    """The quantised network in `folder`.

    Raises:
        ValueError: there is none, its manifest is damaged or of another version, or a file of it
            is missing.
        OSError: a file cannot be read.
    """
    if not is_artefact(folder):
        raise ValueError(
            f"a quantised network is a folder with {MANIFEST_FILE}, which {folder} lacks: make one"
            " with paretosr compress --method int8"
        )
    path = folder / MANIFEST_FILE
    data = read_json(path)
    written = data.get("format_version") if isinstance(data, Mapping) else None
    if written != FORMAT_VERSION:
        raise ValueError(
            f"{path} must be of format version {FORMAT_VERSION}, which this version of paretosr"
            f" reads, got {written!r}: compress the network anew"
        )
    artefact = Artefact(folder, parse_config(Manifest, data, str(path)))
    for needed in (artefact.program, artefact.checkpoint):
        if not needed.is_file():
            raise ValueError(f"{folder} must hold {needed.name}, but lacks it: compress anew")
    return artefact


def why_stale(
    manifest: Manifest,
    *,
    arch_id: str,
    weights_digest: str,
    instruction_set: str,
    versions: Mapping[str, str],
) -> str | None:
    """In one line why a quantised network does not serve here, or None if it does."""
    found: Mapping[str, tuple[object, object]] = {
        "design": (manifest.arch_id, arch_id),
        "weights": (manifest.weights_digest, weights_digest),
        "instruction set": (manifest.instruction_set, instruction_set),
        "library versions": (manifest.versions, dict(versions)),
    }
    for what, (made_for, here) in found.items():
        if made_for != here:
            return (
                f"the int8 program must be made for the {what} that it runs with, but was made "
                f"for {_told(made_for)} and not {_told(here)}: quantise the network anew"
            )
    return None


def versions_of(*libraries: str) -> dict[str, str]:
    """The installed version of each library."""
    return {library: version(library) for library in libraries}


def _told(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return str(value)
