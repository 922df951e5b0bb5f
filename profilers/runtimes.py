"""The runtimes: one file each behind one protocol, all of them listed in `RUNTIMES`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import nn

from profilers.compiled import CompiledRuntime
from profilers.eager import EagerRuntime
from profilers.exported import ExportedRuntime
from profilers.prepared import Missing, PreparedCall
from profilers.targets import RUNTIME_DEVICES, Target
from profilers.xnnpack_runtime import XnnpackRuntime


class Runtime(Protocol):
    """Turns a network into something that can be called and timed on a target."""

    def why_unavailable(self, device: str) -> Missing | None:
        """Return what keeps this runtime from `device` here, or None if it can be used."""

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Return a call that runs `network` once on `target` and waits for the result.

        The network itself is left as it is.
        """


RUNTIMES: Mapping[str, Runtime] = {
    "eager": EagerRuntime(),
    "compile": CompiledRuntime(),
    "onnxruntime": ExportedRuntime("onnxruntime", extra="onnx"),
    "openvino": ExportedRuntime("openvino", extra="openvino"),
    "xnnpack": XnnpackRuntime(),
}


def require_available(target: Target) -> None:
    """Check that `target` can be measured on this machine.

    Raises:
        ValueError: its runtime or device is missing; says why and what to do.
    """
    missing = RUNTIMES[target.runtime].why_unavailable(target.device)
    if missing is not None:
        raise ValueError(f"{target} cannot be used here: {missing.reason}; {missing.remedy}")


@dataclass(frozen=True)
class TargetStatus:
    """Whether a target can be used here; if not, why, and what to do about it."""

    name: str
    available: bool
    reason: str | None
    remedy: str | None


def list_targets() -> tuple[TargetStatus, ...]:
    """Return every runtime on every device it knows, with what is missing for it."""
    return tuple(
        _status(runtime, device)
        for runtime, devices in RUNTIME_DEVICES.items()
        for device in devices
    )


def _status(runtime: str, device: str) -> TargetStatus:
    missing = RUNTIMES[runtime].why_unavailable(device)
    reason, remedy = (missing.reason, missing.remedy) if missing else (None, None)
    return TargetStatus(f"{runtime}:device={device}", missing is None, reason, remedy)
