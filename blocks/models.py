"""From what a user calls MODEL to a config and, where there are any, its weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from blocks import (
    CATALOGUE,
    NetworkConfig,
    catalogue_config,
    load_checkpoint,
    parse_network_config,
)
from blocks.catalogue import SCALES
from foundation import has_suffix
from foundation.documents import read_json, read_yaml
from search.storage.study import read_run

BICUBIC = "bicubic"
_PYTORCH_SUFFIXES = (".pth", ".pt", ".ckpt", ".bin", ".tar")


@dataclass(frozen=True)
class ResolvedModel:
    """What a MODEL reference stands for.

    Attributes:
        name: the reference as it was given.
        scale: enlargement of height and width: 2, 3 or 4.
        config: the network's design; None for bicubic, which is not a network.
        weights: checkpoint with trained weights; None where there is none.
    """

    name: str
    scale: int
    config: NetworkConfig | None
    weights: Path | None = None


def resolve_model(reference: str, scale: int | None) -> ResolvedModel:
    """Return what `reference` stands for, at `scale` or at the scale it names itself.

    Raises:
        ValueError: the reference is unknown, needs a scale, contradicts the given one, or
            its file is not what its name says.
        OSError: its file cannot be read.
    """
    if scale is not None and scale not in SCALES:
        raise ValueError(f"--scale must be 2, 3 or 4, got {scale}")
    model = _resolve(reference, scale)
    if scale is not None and scale != model.scale:
        raise ValueError(
            f"the scale must be that of MODEL: {reference!r} enlarges by {model.scale}, got {scale}"
        )
    return model


def _resolve(reference: str, scale: int | None) -> ResolvedModel:
    path = Path(reference)
    if has_suffix(path, ".json", ".yaml", ".yml"):
        data = read_json(path) if has_suffix(path, ".json") else read_yaml(path)
        config = parse_network_config(data, reference)
        return ResolvedModel(reference, config.scale, config)
    if has_suffix(path, ".safetensors"):
        config = load_checkpoint(path).config
        return ResolvedModel(reference, config.scale, config, path)
    if has_suffix(path, *_PYTORCH_SUFFIXES):
        raise ValueError(
            f"{reference} may be a checkpoint of a network's authors: convert it with paretosr"
            f" import-weights {reference} --as NAME --out {path.stem}.safetensors"
        )
    if has_suffix(path, ".onnx"):
        raise ValueError(
            f"{reference} is a graph without a network's design, which MODEL must name: give the"
            " checkpoint or the config that it was exported from"
        )
    if ":" in reference:
        return _from_run(reference)
    return _by_name(reference, scale)


def _from_run(reference: str) -> ResolvedModel:
    """Return a candidate of a search, with the weights of its first training seed."""
    folder, _, name = reference.rpartition(":")
    built = [record for record in read_run(Path(folder)).records if record.config]
    found = next((record for record in built if name in (record.arch_id, str(record.trial))), None)
    if found is None or found.config is None:
        trials = f"its trials are 0 to {built[-1].trial}" if built else "it has none yet"
        hint = _did_you_mean(name, [record.arch_id for record in built], cutoff=0.6)
        raise ValueError(f"{folder} must hold a trial {name!r}: {trials}{hint}")
    config, arch_id = parse_network_config(found.config, reference), found.arch_id
    checkpoints = Path(folder, "checkpoints", arch_id).glob("seed-*/model.safetensors")
    return ResolvedModel(reference, config.scale, config, min(checkpoints, key=_seed, default=None))


def _did_you_mean(name: str, known: Sequence[str], cutoff: float = 0.0) -> str:
    """A hint with the three names most alike, or those of them above the cutoff."""
    alike = [repr(other) for other in get_close_matches(name, known, n=3, cutoff=cutoff)]
    if not alike:
        return ""
    *others, last = alike
    return f"; did you mean {', '.join(others)} or {last}?" if others else f"; did you mean {last}?"


def _seed(checkpoint: Path) -> int:
    return int(checkpoint.parent.name.removeprefix("seed-"))


def _by_name(name: str, scale: int | None) -> ResolvedModel:
    known = [*dict.fromkeys(entry.name for entry in CATALOGUE), BICUBIC]
    if name not in known:
        if Path(name).is_dir():
            raise ValueError(
                f"MODEL must not be a folder, got {name!r}: give {name}/model.safetensors of a "
                f"training, or {name}:TRIAL of a search"
            )
        raise ValueError(
            "MODEL must be a catalogue name, a .json or .yaml config, a .safetensors checkpoint, "
            f"RUN_DIR:TRIAL or bicubic, got {name!r}{_did_you_mean(name, known)} (paretosr models "
            "lists all)"
        )
    if scale is None:
        raise ValueError(f"{name!r} exists at several scales: add --scale 2, 3 or 4")
    config = None if name == BICUBIC else catalogue_config(name, scale)
    return ResolvedModel(name, scale, config)
