"""Making a network ready on a target of this machine, and comparing it with eager."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from foundation import raise_interrupt
from profilers.agent.output_check import as_array, checked
from profilers.agent.prepared_network import Prepared, PreparedCall
from profilers.runtimes.clock import clock_of
from profilers.runtimes.eager import EagerRuntime
from profilers.runtimes.images import sample_images
from profilers.runtimes.registry import QUANTISED_RUNTIMES, RUNTIMES
from profilers.runtimes.targets import Target


def prepare_checked(network: nn.Module, target: Target) -> Prepared:
    """Return `network` made ready on `target`; the network itself is left as it is.

    Raises:
        ValueError: the target's settings cannot be honoured here.
        KeyboardInterrupt: one arrived meanwhile, even if PyTorch turned it into another error.
        ProfilingFailed: the output differs from eager's by more than the precision allows.
    """
    return _checked(lambda: RUNTIMES[target.runtime].prepare(network, target), network, target)


def prepare_quantised(program: Path, network: nn.Module, target: Target) -> Prepared:
    """Return `program`, the file of `network` quantised, made ready on an int8 target.

    Raises:
        OSError: the file cannot be read.
        ValueError, KeyboardInterrupt, ProfilingFailed: as `prepare_checked`.
    """
    return _checked(lambda: quantised_call(program, network, target), network, target)


def quantised_call(program: Path, network: nn.Module, target: Target) -> PreparedCall:
    """Return one forward pass of a quantised program over the target's images."""
    enlarge = QUANTISED_RUNTIMES[target.runtime].quantised(program, network, target)
    return partial(enlarge, sample_images(target).numpy())


def _checked(prepare: Callable[[], PreparedCall], network: nn.Module, target: Target) -> Prepared:
    _, clock = clock_of(target)
    try:
        return checked(prepare, lambda: eager_output(network, target), target.precision, clock)
    except Exception as error:
        raise_interrupt(error)
        raise


def eager_output(network: nn.Module, target: Target) -> NDArray[np.float32]:
    """Return the output of `network` for the target's images, in eager mode and float32."""
    exact = replace(target, runtime="eager", precision="float32")
    return as_array(EagerRuntime().prepare(network, exact)())
