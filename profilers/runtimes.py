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
