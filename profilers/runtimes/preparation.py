"""Making a network ready on a target of this machine, and comparing it with eager."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from foundation import raise_interrupt
from profilers.agent.output_check import as_array, checked
from profilers.agent.prepared_network import Prepared
from profilers.runtimes.clock import clock_of
from profilers.runtimes.eager import EagerRuntime
from profilers.runtimes.registry import RUNTIMES
from profilers.runtimes.targets import Target


def prepare_checked(network: nn.Module, target: Target) -> Prepared:
    """Return `network` made ready on `target`; the network itself is left as it is.

    Raises:
        ValueError: the target's settings cannot be honoured here.
        KeyboardInterrupt: one arrived meanwhile, even if PyTorch turned it into another error.
        ProfilingFailed: the output differs from eager's by more than the precision allows.
    """
    _, clock = clock_of(target)
    try:
        return checked(
            lambda: RUNTIMES[target.runtime].prepare(network, target),
            lambda: eager_output(network, target),
            target.precision,
            clock,
        )
    except Exception as error:
        raise_interrupt(error)
        raise


def eager_output(network: nn.Module, target: Target) -> NDArray[np.float32]:
    """Return the output of `network` for the target's images, in eager mode and float32."""
    exact = replace(target, runtime="eager", precision="float32")
    return as_array(EagerRuntime().prepare(network, exact)())
