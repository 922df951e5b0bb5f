"""Quantised networks that were made before, kept by what they were made of."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks import SuperResolutionNetwork
from blocks.checkpoints import weights_digest
from compressors.artefacts import (
    FORMAT_VERSION,
    Artefact,
    EngineName,
    read_artefact,
    versions_of,
)
from compressors.crops import Crops
from compressors.engines import find_engine
from compressors.quantiser import ProgramRunner
from compressors.quantising import quantise
from compressors.schemes import InstructionSet, Scheme
from foundation.listener import SILENT, Listener

LIMIT_MIB = 1024
_MIB = 2**20


def default_folder() -> Path:
    """The cache of this user: below XDG_CACHE_HOME, by default ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(cache) / "paretosr" / "int8"


@dataclass(frozen=True)
class Cached:
    """A quantised network out of the cache, and whether it was made just now."""

    artefact: Artefact
    is_new: bool


class Cache:
    """Quantised networks in one folder, up to a size; those unused for longest go first."""

    def __init__(self, folder: Path | None = None, limit_mib: float = LIMIT_MIB) -> None:
        self.folder = default_folder() if folder is None else folder
        self.limit_mib = limit_mib

    def quantised(
        self,
        network: SuperResolutionNetwork,
        engine: EngineName,
        crops: Crops,
        run: ProgramRunner,
        instruction_set: InstructionSet,
        *,
        schemes: Sequence[Scheme] | None = None,
        listener: Listener = SILENT,
    ) -> Cached:
        """What `quantise` makes of these, or made of the same before with the same libraries.

        A damaged one is made anew.

        Raises:
            ValueError, ExportFailed, QuantisationFailed, OSError: as `quantise`.
        """
        planned = find_engine(engine).schemes(instruction_set) if schemes is None else schemes
        folder = self.folder / _key(network, engine, crops, instruction_set, planned)
        artefact = _read(folder)
        if artefact is not None:
            os.utime(folder)
            return Cached(artefact, is_new=False)
        shutil.rmtree(folder, ignore_errors=True)
        made = quantise(
            network,
            engine,
            crops,
            run,
            instruction_set,
            folder,
            schemes=planned,
            listener=listener,
        )
        self._trim(keep=folder)
        return Cached(made, is_new=True)

    def empty(self) -> int:
        """Remove all that is kept, and return how many quantised networks that were.

        Raises:
            OSError: something cannot be removed.
        """
        folders = self._folders()
        for folder in folders:
            shutil.rmtree(folder)
        return len(folders)

    def sizes_mib(self) -> tuple[float, ...]:
        """The size of each quantised network that is kept."""
        return tuple(map(_size_mib, self._folders()))

    def _folders(self) -> list[Path]:
        """What is kept, that which was used last at the end."""
        if not self.folder.is_dir():
            return []
        folders = [path for path in self.folder.iterdir() if path.is_dir()]
        return sorted(folders, key=lambda folder: folder.stat().st_mtime_ns)

    def _trim(self, keep: Path) -> None:
        folders = self._folders()
        sizes_mib = {folder: _size_mib(folder) for folder in folders}
        for folder in folders:
            if sum(sizes_mib.values()) <= self.limit_mib:
                return
            if folder != keep:
                shutil.rmtree(folder, ignore_errors=True)  # another process may have been faster
                del sizes_mib[folder]


def _key(
    network: SuperResolutionNetwork,
    engine: EngineName,
    crops: Crops,
    instruction_set: InstructionSet,
    schemes: Sequence[Scheme],
) -> str:
    """A name for all that decides what the program is like."""
    facts = {
        "format": FORMAT_VERSION,
        "network": network.config.arch_id,
        "weights": weights_digest(network.state_dict()),
        "engine": engine,
        "crops": crops.digest,
        "instruction_set": [instruction_set.name, instruction_set.saturates],
        "schemes": [scheme.model_dump(mode="json") for scheme in schemes],
        "versions": versions_of(*find_engine(engine).libraries),
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return f"{network.config.arch_id}-{engine}-{digest[:16]}"


def _read(folder: Path) -> Artefact | None:
    """The quantised network in a folder; None where there is none that can be read."""
    try:
        return read_artefact(folder)
    except ValueError:
        return None


def _size_mib(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / _MIB
