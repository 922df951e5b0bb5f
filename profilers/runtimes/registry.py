"""The runtimes: one file each behind one protocol, all of them listed in `RUNTIMES`."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import nn

from foundation.libraries import missing_library
from profilers.agent.prepared_network import Missing, PreparedCall, Program
from profilers.runtimes.cuda_graph import CudaGraphRuntime
from profilers.runtimes.eager import EagerRuntime
from profilers.runtimes.ncnn import NcnnRuntime
from profilers.runtimes.onnx_models import ExportedRuntime
from profilers.runtimes.portable import EXPORTERS
from profilers.runtimes.targets import RUNTIME_DEVICES, Target
from profilers.runtimes.torch_compile import CompiledRuntime
from profilers.runtimes.xnnpack import XnnpackRuntime


class Runtime(Protocol):
    """Makes a network ready to be called and timed on a target."""

    def why_unavailable(self, device: str) -> Missing | None:
        """Return why this runtime cannot use `device` here, or None if it can."""

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Return a call that runs `network` once on `target`.

        The network itself is left as it is.
        """

    def upscaler(self, network: nn.Module, target: Target, *, by_size: bool) -> Program:
        """Return `network` as it runs on `target`, for images of any size that it takes.

        `by_size` says that its graph is for one size of images, so that each needs its own. The
        network itself is left as it is; size and batch of the target do not matter.
        """


class QuantisedRuntime(Runtime, Protocol):
    """Runs networks that were quantised for it, too."""

    def quantised(self, program: Path, network: nn.Module, target: Target) -> Program:
        """Return what `program`, the file of `network` quantised, makes of images of any size."""


QUANTISED_RUNTIMES: Mapping[str, QuantisedRuntime] = {
    "onnxruntime": ExportedRuntime("onnxruntime", extra="onnx"),
    "openvino": ExportedRuntime("openvino", extra="openvino"),
    "xnnpack": XnnpackRuntime(),
}
RUNTIMES: Mapping[str, Runtime] = {
    "eager": EagerRuntime(),
    "compile": CompiledRuntime(),
    "eager_cudagraph": CudaGraphRuntime(EagerRuntime()),
    "compile_cudagraph": CudaGraphRuntime(CompiledRuntime()),
    **QUANTISED_RUNTIMES,
    "ncnn": NcnnRuntime(),
}


def why_unavailable(target: Target) -> Missing | None:
    """Return why `target` cannot be measured from this machine, or None if it can.

    For a target on another machine, only what is missing here can be told in advance.
    """
    if not target.host:
        return RUNTIMES[target.runtime].why_unavailable(target.device)
    if shutil.which("ssh") is None:
        return Missing("no program ssh", "install OpenSSH's client")
    exporter = EXPORTERS[target.runtime]
    remedy = f"pip install 'paretosr[{exporter.extra}]'"
    return Missing.of(missing_library(*exporter.modules), remedy)


def require_available(target: Target) -> None:
    """Check that `target` can be measured from this machine.

    Raises:
        ValueError: its runtime or device is missing; says why and what to do.
    """
    missing = why_unavailable(target)
    if missing is not None:
        raise ValueError(f"{target} cannot be used here: {missing.reason}; {missing.remedy}")


def require_here(target: Target) -> None:
    """Check that `target` is this machine, for what is not a network and cannot be sent.

    Raises:
        ValueError: it is another one.
    """
    if target.host:
        raise ValueError(
            f"only networks can be timed on another machine, and {target} is one; leave bicubic "
            "out, or name a target on this machine"
        )


@dataclass(frozen=True)
class TargetStatus:
    """Whether a target can be used here; if not, why, and what to do about it."""

    name: str
    """Runtime and device, as a target begins."""
    available: bool
    reason: str | None
    """Why not."""
    remedy: str | None
    """What to do about it."""


def list_targets() -> tuple[TargetStatus, ...]:
    """Return every runtime on each of its devices, and what it lacks here."""
    return tuple(
        _status(runtime, device)
        for runtime, devices in RUNTIME_DEVICES.items()
        for device in devices
    )


def _status(runtime: str, device: str) -> TargetStatus:
    missing = RUNTIMES[runtime].why_unavailable(device)
    reason, remedy = (missing.reason, missing.remedy) if missing else (None, None)
    return TargetStatus(f"{runtime}:device={device}", missing is None, reason, remedy)
