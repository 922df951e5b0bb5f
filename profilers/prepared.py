"""What every runtime answers with."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import torch
from numpy.typing import NDArray

PreparedCall = Callable[[], torch.Tensor | NDArray[np.float32]]
"""One forward pass; returns the enlarged images, (N, 3, s h, s w), when they are finished."""


@dataclass(frozen=True)
class Missing:
    """Why a runtime cannot be used on a device, and what would change that."""

    reason: str
    remedy: str


def missing_library(*modules: str, remedy: str) -> Missing | None:
    """Return which of `modules` cannot be imported, with the `remedy`, or None if all can."""
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            reason = " ".join(str(error).split())
            return Missing(f"cannot import {module}: {reason}", remedy)
    return None
