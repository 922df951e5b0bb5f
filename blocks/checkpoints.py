"""Networks on disk: safetensors with the configuration in the metadata, never a pickle."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork
from blocks.networks.registry import NetworkConfig, build_network, parse_network_config
from foundation import require_file, write_bytes_atomically
from foundation.documents import parse_json

CONFIG_KEY = "config"


@dataclass(frozen=True)
class Checkpoint:
    """A complete model: its configuration, its tensors by name, and notes of who wrote it."""

    config: NetworkConfig
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]


def save_checkpoint(
    path: Path,
    tensors: Mapping[str, Tensor],
    config: NetworkConfigBase,
    metadata: Mapping[str, str],
) -> None:
    """Write a checkpoint wholly or not at all.

    Raises:
        ValueError: the metadata uses the key that holds the configuration.
        OSError: the file cannot be written.
    """
    if CONFIG_KEY in metadata:
        raise ValueError(f"the metadata key {CONFIG_KEY!r} holds the configuration; rename yours")
    # The format has no memory layout: channels_last weights are stored in the plain order.
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # Into memory first: to a full disk, safetensors writes with an error that is no OSError.
    content = save(plain, {**metadata, CONFIG_KEY: config.model_dump_json()})
    write_bytes_atomically(path, content)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, its tensors on the CPU.

    Raises:
        ValueError: the file is missing, not a safetensors file, or has no valid
            configuration.
    """
    with _opened(path) as opened:
        metadata = dict(opened.metadata() or {})
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    return Checkpoint(_config(path, metadata.pop(CONFIG_KEY, None)), tensors, metadata)


def read_metadata(path: Path) -> Mapping[str, str]:
    """Return what a checkpoint says of itself, without its tensors and its configuration.

    Raises:
        ValueError: the file is missing, or not a safetensors file.
    """
    with _opened(path) as opened:
        metadata = dict(opened.metadata() or {})
    return {key: value for key, value in metadata.items() if key != CONFIG_KEY}


def load_network(path: Path) -> SuperResolutionNetwork:
    """Build the network of a checkpoint and give it the stored weights.

    Raises:
        ValueError: as `load_checkpoint`, or the tensors are not those of the configuration, or
            not finite.
    """
    checkpoint = load_checkpoint(path)
    network = build_network(checkpoint.config)
    check_tensors(str(path), checkpoint.tensors, network.state_dict())
    network.load_state_dict(dict(checkpoint.tensors))
    return network


def check_finite(tensors: Mapping[str, Tensor], where: str) -> None:
    """Check that every number is finite in float32, the precision in which networks compute.

    Raises:
        ValueError: one is not; opens with `where` and names the tensor.
    """
    for name, tensor in tensors.items():
        bad = int((~torch.isfinite(tensor.float())).sum())
        if bad:
            raise ValueError(
                f"{where}: weights must be finite, but {bad:,} of {tensor.numel():,} in tensor"
                f" {name!r} are NaN or infinite: take a checkpoint from before that"
            )


def check_tensors(where: str, stored: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Check that the tensors are those that are expected by name and shape, and are finite.

    Raises:
        ValueError: they are not; opens with `where`.
    """
    for name in sorted(stored.keys() ^ expected.keys()):
        problem = "lacks" if name in expected else "has a foreign"
        raise ValueError(
            f"{where} {problem} tensor {name!r}; the tensors must be those of its configuration"
        )
    for name, tensor in expected.items():
        if stored[name].shape != tensor.shape:
            raise ValueError(
                f"{where}: tensor {name!r} must have shape {tuple(tensor.shape)} by its"
                f" configuration, got {tuple(stored[name].shape)}"
            )
    check_finite(stored, where)


def weights_digest(tensors: Mapping[str, Tensor]) -> str:
    """A short name for the values of all tensors, the same wherever they are stored."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:10]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    require_file(path)
    try:
        with safe_open(path, framework="pt") as opened:
            yield opened
    except SafetensorError as error:
        raise ValueError(
            f"{path} must be a whole safetensors file, but is damaged or of another kind: write it"
            " anew, or convert a file of a network's authors with paretosr import-weights"
        ) from error


def _config(path: Path, text: str | None) -> NetworkConfig:
    if text is None:
        raise ValueError(
            f"{path} must carry its network's configuration in the metadata key"
            f" {CONFIG_KEY!r}, but has none: convert a file of a network's authors with paretosr"
            " import-weights"
        )
    where = f"configuration in {path}"
    try:
        data = parse_json(text)
    except ValueError as error:
        raise ValueError(f"{where} must be JSON ({error}): save it with paretosr") from error
    return parse_network_config(data, where)
