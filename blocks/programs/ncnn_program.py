"""Networks as ncnn programs: traced by PyTorch, and converted by pnnx, a program of its own.

pnnx also reads ONNX, and was tried with it: a sum over the channels then adds up nothing, without
a word, so that FSRCNN came out wrong, and pooling to sizes that do not divide has no ONNX.
"""

import copy
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn
from torch.jit._trace import TracerWarning

from blocks.programs.failure import ExportFailed
from blocks.programs.ncnn_operators import write_for_ncnn
from foundation.library_messages import quiet_libraries

# What `export_ncnn` imports; the package is little more than the program.
EXPORT_MODULES = ("pnnx",)
IMAGES = "in0"
ENLARGED = "out0"
# RCAN takes a minute, and four on a machine on which ten others compute.
_LIMIT_SECONDS = 300.0


@dataclass(frozen=True)
class NcnnProgram:
    """The two files of a network in ncnn's format.

    Attributes:
        param: the graph, a text with one layer a line.
        weights: the file .bin that belongs to it.
    """

    param: bytes
    weights: bytes


def export_ncnn(network: nn.Module, height_px: int, width_px: int) -> NcnnProgram:
    """Return `network` for inference as a program in float32, for one image of this size.

    ncnn has no batches. Sizes inside the network are written into the program, so that it takes
    images of no other size.

    Raises:
        ExportFailed: PyTorch cannot trace the network as one graph, or pnnx crashes. An operator
            that ncnn lacks is not found here: the program holds a layer of its name.
    """
    images = torch.zeros(1, 3, height_px, width_px)
    with TemporaryDirectory(prefix="paretosr-ncnn-") as folder:
        traced = Path(folder, "network.pt")
        _trace(network, images, traced)
        _convert(traced, images.shape)
        return NcnnProgram(
            traced.with_name("network.ncnn.param").read_bytes(),
            traced.with_name("network.ncnn.bin").read_bytes(),
        )


def _trace(network: nn.Module, images: torch.Tensor, path: Path) -> None:
    """Write `network` as TorchScript to `path`.

    torch.export goes first: it refuses choices that depend on the images, which tracing alone
    would freeze as the example made them.
    """
    try:
        with quiet_libraries(), warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore", TracerWarning)
            exported = torch.export.export(copy.deepcopy(network).eval(), (images,))
            module = exported.module(check_guards=False)
            write_for_ncnn(module)
            torch.jit.trace(module, images, check_trace=False).save(str(path))  # type: ignore[no-untyped-call]
    except Exception as error:  # the steps raise exceptions of many kinds
        reason = str(error).strip().partition("\n")[0]
        raise ExportFailed(
            f"cannot be traced for ncnn: {type(error).__name__}: {reason}"
        ) from error


def _convert(traced: Path, shape: torch.Size) -> None:
    """Let pnnx write its files beside `traced`."""
    import pnnx

    size = ",".join(map(str, shape))
    command = [pnnx.EXEC_PATH, traced.name, f"inputshape=[{size}]", "fp16=0"]
    try:
        ended = subprocess.run(
            command, cwd=traced.parent, capture_output=True, timeout=_LIMIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ExportFailed(f"pnnx did not convert it within {_LIMIT_SECONDS:.0f} s") from None
    if ended.returncode != 0 or not traced.with_name("network.ncnn.bin").is_file():
        words = ended.stderr.decode(errors="replace").strip().splitlines()
        how = (
            f"crashed (signal {-ended.returncode})"
            if ended.returncode < 0
            else f"failed (status {ended.returncode})"
        )
        raise ExportFailed(f"pnnx {how}: {words[-1] if words else 'it says nothing'}")
