"""What a runtime returns: a network that can be called, or what is missing to make it so."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]
"""(N, 3, h, w) in [0, 1], or enlarged, not clamped; in this order in memory."""

Program = Callable[[Images], Images]
"""A network made ready: (N, 3, h, w) -> (N, 3, s h, s w), at once. The result may be overwritten
by the next call."""

PROGRAMS_KEPT = 16
"""Where each size of images has a program of its own: an image cut into tiles has nine sizes."""

PreparedCall = Callable[[], object]
"""One forward pass; returns the enlarged images, (N, 3, s h, s w), as an array or a tensor.

The work is done when the call returns, except on CUDA, where it is queued and the clock waits.
"""


@dataclass(frozen=True)
class Prepared:
    """A network that is ready to be timed, its output checked against eager's.

    Attributes:
        call: runs the network once.
        prepare_seconds: elapsed time until it could be called: conversion, export, compilation.
        first_ms: the first call, by the clock of the target.
        max_difference: largest difference of an output value from eager's in float32, where 1
            is the images' range, or the output's largest value: random weights may exceed it.
    """

    call: PreparedCall
    prepare_seconds: float
    first_ms: float
    max_difference: float


@dataclass(frozen=True)
class Missing:
    """Why a runtime cannot be used on a device, and what would change that."""

    reason: str
    remedy: str

    @classmethod
    def of(cls, reason: str | None, remedy: str) -> Self | None:
        """Return the reason with its remedy; None where nothing is missing."""
        return None if reason is None else cls(reason, remedy)


def without_telemetry() -> None:
    """Keep OpenVINO, imported later, from finding its telemetry package.

    Telemetry forks this process to report the import, and the fork can hang and outlive it.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
