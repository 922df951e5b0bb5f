"""Trainings that start from the weights of another one, or as an interpolation."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from blocks.checkpoints import load_checkpoint
from blocks.networks.registry import FAMILIES, SuperResolutionNetwork
from blocks.random_weights import seeded


@dataclass(frozen=True)
class InitialWeights:
    """What a training starts from."""

    digest: str
    """A short name of the file's contents, or "interpolation"."""
    scale: int
    """Of the network that the weights are from."""
    fresh: tuple[str, ...]
    """The tensors whose shape depends on the scale, which stay as they were drawn."""


INTERPOLATION: Literal["interpolation"] = "interpolation"

Start = Path | Literal["interpolation"]
"""A checkpoint, or bilinear interpolation, as which FSRCNN can start."""


_METHOD = "start_as_interpolation"


@runtime_checkable
class _CanInterpolate(Protocol):
    """A network, alone or as a branch, that can begin as bilinear interpolation."""

    def start_as_interpolation(self) -> None: ...


def start_of(text: str) -> Start:
    """Return what `text` names: `interpolation`, or the path of a checkpoint."""
    return INTERPOLATION if text == INTERPOLATION else Path(text)


def give_initial_weights(
    network: SuperResolutionNetwork, start: Start, *, seed: int
) -> InitialWeights:
    """Give `network` the weights that its training starts from; `seed` is for what is drawn.

    Raises:
        ValueError: the file is no checkpoint, or one of another network; or no part of the
            network can start as an interpolation.
    """
    if isinstance(start, Path):
        return _load_weights(network, start)
    parts = [part for part in network.modules() if isinstance(part, _CanInterpolate)]
    if not parts:
        able = (own.name for own in FAMILIES.values() if hasattr(own.network_type, _METHOD))
        raise ValueError(
            f"--init {INTERPOLATION} is for {', '.join(able)}, alone or as a branch, got "
            f"{network.config.family}: leave it out"
        )
    with seeded(seed):
        for part in parts:
            part.start_as_interpolation()
    return InitialWeights(INTERPOLATION, network.config.scale, ())


def _load_weights(network: SuperResolutionNetwork, path: Path) -> InitialWeights:
    """Give `network` the weights of a checkpoint of the same network, perhaps of another scale.

    Of another scale the last convolutions may differ in shape; they keep their weights.

    Raises:
        ValueError: the file is no checkpoint, or one of another network.
    """
    checkpoint = load_checkpoint(path)
    if _design(checkpoint.config.canonical().model_dump()) != _design(
        network.config.canonical().model_dump()
    ):
        raise ValueError(
            f"{path} must hold the network that is trained, at any scale, but holds "
            f"{checkpoint.config.arch_id} instead of {network.config.arch_id}: give a checkpoint "
            "of the same configuration, or leave out --init"
        )
    wanted = network.state_dict()
    fresh = tuple(
        name
        for name, tensor in wanted.items()
        if name not in checkpoint.tensors or checkpoint.tensors[name].shape != tensor.shape
    )
    last = {id(layer) for layer in network.last_convolutions}
    allowed = {
        f"{name}.{parameter}"
        for name, layer in network.named_modules()
        if id(layer) in last
        for parameter, _ in layer.named_parameters()
    }
    if strange := (set(fresh) - allowed) | (checkpoint.tensors.keys() - wanted.keys()):
        raise ValueError(
            f"{path} must differ from the network in its last convolutions only, but does in "
            f"{min(strange)}: train at this scale from random weights"
        )
    kept = {name: tensor for name, tensor in checkpoint.tensors.items() if name not in fresh}
    network.load_state_dict(kept, strict=False)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    return InitialWeights(digest, checkpoint.config.scale, fresh)


def _design(values: Any) -> Any:
    """A configuration's values without the scales in it."""
    if isinstance(values, dict):
        return {key: _design(value) for key, value in values.items() if key != "scale"}
    if isinstance(values, list | tuple):
        return [_design(value) for value in values]
    return values
