"""Reading a checkpoint of a network's authors: what it holds, and no code run."""

import pickle
import warnings
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from foundation import has_suffix, raise_interrupt, require_file


def read_checkpoint(path: Path) -> object:
    """What a safetensors file or a PyTorch one holds, which is read without running code in it.

    Raises:
        ValueError: the file is missing, is damaged, or holds more than tensors and plain values.
    """
    require_file(path)
    try:
        if has_suffix(path, ".safetensors"):
            return load_file(path)
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise ValueError(
            f"{path} must be a whole checkpoint in the format of its suffix, but is none: download"
            " it again, or correct the suffix"
        ) from error
    except Exception as error:  # PyTorch raises nearly anything on a file that is not its own.
        raise_interrupt(error)
        if isinstance(error, OSError) and error.filename is not None:
            raise  # the operating system refused to open it
        what = _what_it_is(path, error)
        raise ValueError(f"{path} must be a whole checkpoint, but {what}") from error


def _what_it_is(path: Path, error: Exception) -> str:
    """What a file is that PyTorch refused; its own advice is to run the code in the file."""
    if path.stat().st_size == 0:
        return "it is empty: download it again"
    if not zipfile.is_zipfile(path):
        return "it is damaged, of another kind, or holds more than tensors"
    with zipfile.ZipFile(path) as archive:
        if any(name.endswith("/constants.pkl") for name in archive.namelist()):
            return "it is a TorchScript program: ask its authors for the state_dict"
    if not isinstance(error, pickle.UnpicklingError):
        return "it is damaged: download it again"
    return (
        f"beside tensors it holds Python objects{_objects_in(path)}, and to read those is to run"
        " code: ask its authors for a file with the state_dict alone"
    )


def _objects_in(path: Path) -> str:
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # a pickle may be damaged in any way
        return ""
    return f" ({', '.join(sorted(names))})" if names else ""
