"""Reading a checkpoint of a network's authors: tensors by name, and no code run."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

# The first that a file has: averaged weights are a training's result, plain ones are not yet.
_CONTAINERS = ("params_ema", "params", "state_dict")
_PARALLEL_PREFIX = "module."


def read_official(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by the authors' names.

    The file is a safetensors file or a PyTorch one, which is read without running any code
    in it. Of a file with plain and averaged weights, the averaged are taken.

    Raises:
        ValueError: the file is missing, damaged, holds more than tensors, or none.
    """
    if not path.is_file():
        raise ValueError(f"a checkpoint must be a file, got {path}, which is none")
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"{path} must be a whole checkpoint with nothing but tensors in it, but cannot be read"
            f" as one ({reason})"
        ) from error
    for container in _CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(container), Mapping):
            content = content[container]
            break
    if not (
        isinstance(content, Mapping)
        and content
        and all(isinstance(name, str) for name in content)
        and all(isinstance(tensor, Tensor) for tensor in content.values())
    ):
        raise ValueError(
            f"{path} must hold tensors by name, at the top or in one of"
            f" {', '.join(_CONTAINERS)}, but holds something else"
        )
    if all(name.startswith(_PARALLEL_PREFIX) for name in content):
        return {name.removeprefix(_PARALLEL_PREFIX): tensor for name, tensor in content.items()}
    return dict(content)
