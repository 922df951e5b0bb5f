"""The runtimes: one file each behind one protocol, all of them listed in `RUNTIMES`."""

from collections.abc import Mapping
from typing import Protocol

from torch import nn

from profilers.eager import EagerRuntime
from profilers.prepared import Missing, PreparedCall
from profilers.targets import Target


class Runtime(Protocol):
    """Turns a network into something that can be called and timed on a target."""

    def why_unavailable(self, device: str) -> Missing | None:
        """Return what keeps this runtime from `device` here, or None if it can be used."""

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Return a call that runs `network` once on `target` and waits for the result.

        The network itself is left as it is.
        """


RUNTIMES: Mapping[str, Runtime] = {"eager": EagerRuntime()}


def require_available(target: Target) -> None:
    """Check that `target` can be measured on this machine.

    Raises:
        ValueError: its runtime or device is missing; says why and what to do.
    """
    missing = RUNTIMES[target.runtime].why_unavailable(target.device)
    if missing is not None:
        raise ValueError(f"{target} cannot be used here: {missing.reason}; {missing.remedy}")
