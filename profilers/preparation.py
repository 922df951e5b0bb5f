"""A network made ready on a target of this machine, and compared with eager."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from profilers.checking import as_array, checked
from profilers.prepared import Prepared
from profilers.runtimes.eager import EagerRuntime
from profilers.runtimes.registry import RUNTIMES
from profilers.targets import Target


def prepare_checked(network: nn.Module, target: Target) -> Prepared:
    """Return `network` made ready on `target`; the network itself is left as it is.

    Raises:
        ValueError: the target's settings cannot be honoured here.
        ProfilingFailed: the output differs from eager's by more than the precision allows.
    """
    return checked(
        lambda: RUNTIMES[target.runtime].prepare(network, target),
        lambda: eager_output(network, target),
        target,
    )


def eager_output(network: nn.Module, target: Target) -> NDArray[np.float32]:
    """Return what `network` makes of the target's images in eager mode in float32."""
    exact = replace(target, runtime="eager", precision="float32")
    return as_array(EagerRuntime().prepare(network, exact)())
