"""What every engine offers: from a network to quantised programs of it."""

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from blocks import SuperResolutionNetwork
from compressors.layers import Layer
from compressors.schemes import InstructionSet, Scheme
from foundation.libraries import missing_library

KIB = 1024

Images = NDArray[np.float32]
"""Shape: (N, 3, h, w)."""
ProgramRunner = Callable[[Path, Images], Images]
"""Runs the program in a file on the target: (N, 3, h, w) in [0, 1] -> (N, 3, scale h, scale w).

Where the program is the learned part of a network only, the runner adds what stands around it.
"""


class QuantisationFailed(RuntimeError):  # noqa: N818 - the name says what happened
    """An engine cannot quantise a network; the message is one line with the reason."""


class Quantiser(Protocol):
    """Writes quantised programs of one network."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The convolutions of the program, and which of them the rule leaves in float."""

    def write(self, scheme: Scheme, quantised: Collection[str], folder: Path) -> float:
        """Write a program into `folder`, of which the layers `quantised` are in 8 bits.

        Returns the KiB of the weights in it.

        Raises:
            QuantisationFailed: the engine refuses the network.
        """


class Engine(Protocol):
    """Quantises networks for one runtime."""

    @property
    def libraries(self) -> tuple[str, ...]:
        """Those of which the versions decide what a program is like."""

    def why_unavailable(self) -> str | None:
        """What is missing and how to install it, or None if nothing is."""

    def schemes(self, instruction_set: InstructionSet) -> tuple[Scheme, ...]:
        """The schemes among which held-out crops choose."""

    def open(
        self, network: SuperResolutionNetwork, calibration: Images, instruction_set: InstructionSet
    ) -> Quantiser:
        """Make `network` ready to be quantised, by the low-resolution crops given.

        Raises:
            ExportFailed: it cannot become a program.
        """


def missing_for(*modules: str, remedy: str) -> str | None:
    """The first of `modules` that is not installed, with the `remedy`, or None if all are."""
    missing = missing_library(*modules)
    return None if missing is None else f"{missing}; {remedy}"


def without_telemetry() -> None:
    """Keep OpenVINO, imported later, from finding its telemetry package.

    Telemetry forks this process to report the import, and the fork can hang.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
