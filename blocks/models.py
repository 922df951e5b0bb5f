"""From what a user calls MODEL to a config and, where there are any, its weights."""

from dataclasses import dataclass
from pathlib import Path

from blocks import (
    CATALOGUE,
    NetworkConfig,
    catalogue_config,
    load_checkpoint,
    nearest,
    parse_network_config,
)
from blocks.catalogue import SCALES
from foundation.documents import read_json, read_yaml
from search.storage.study import read_run

BICUBIC = "bicubic"


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
    if path.suffix in (".json", ".yaml", ".yml"):
        data = read_json(path) if path.suffix == ".json" else read_yaml(path)
        config = parse_network_config(data, reference)
        return ResolvedModel(reference, config.scale, config)
    if path.suffix == ".safetensors":
        config = load_checkpoint(path).config
        return ResolvedModel(reference, config.scale, config, path)
    if ":" in reference:
        return _from_run(reference)
    return _by_name(reference, scale)


def _from_run(reference: str) -> ResolvedModel:
    """Return a candidate of a search, with the weights of its first training seed."""
    folder, _, arch_id = reference.rpartition(":")
    records = read_run(Path(folder)).records
    configs = {record.arch_id: record.config for record in records if record.config}
    if arch_id not in configs:
        hint = nearest(arch_id, configs) if configs else "; it has no finished trial yet"
        raise ValueError(f"{folder} must hold a candidate {arch_id!r}{hint}")
    config = parse_network_config(configs[arch_id], reference)
    checkpoints = Path(folder, "checkpoints", arch_id).glob("seed-*/model.safetensors")
    return ResolvedModel(reference, config.scale, config, min(checkpoints, key=_seed, default=None))


def _seed(checkpoint: Path) -> int:
    return int(checkpoint.parent.name.removeprefix("seed-"))


def _by_name(name: str, scale: int | None) -> ResolvedModel:
    known = [*dict.fromkeys(entry.name for entry in CATALOGUE), BICUBIC]
    if name not in known:
        if Path(name).is_dir():
            raise ValueError(
                f"MODEL must not be a folder, got {name!r}: give {name}/model.safetensors of a "
                f"training, or {name}:ARCH_ID of a search"
            )
        raise ValueError(
            "MODEL must be a catalogue name, a .json or .yaml config, a .safetensors checkpoint, "
            f"RUN_DIR:ARCH_ID or bicubic, got {name!r}{nearest(name, known)}"
        )
    if scale is None:
        raise ValueError(f"{name!r} exists at several scales: add --scale 2, 3 or 4")
    config = None if name == BICUBIC else catalogue_config(name, scale)
    return ResolvedModel(name, scale, config)
