"""A network made ready on a target, and compared with eager before anything is timed."""

import time
from dataclasses import dataclass, replace

import torch
from torch import nn

from profilers.child import ProfilingFailed
from profilers.clock import clock_of
from profilers.eager import EagerRuntime
from profilers.prepared import PreparedCall
from profilers.runtimes import RUNTIMES
from profilers.targets import Target

# The largest `max_difference` that passes. With random weights SeemoRe-L reaches 2e-6 in
# float32 and 0.02 in bfloat16.
TOLERANCES = {"float32": 1e-4, "bfloat16": 0.05}


@dataclass(frozen=True)
class Prepared:
    """A forward pass that gives what eager gives.

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


def prepare_checked(network: nn.Module, target: Target) -> Prepared:
    """Return `network` made ready on `target`; the network itself is left as it is.

    Raises:
        ValueError: the target's settings cannot be honoured here.
        ProfilingFailed: the output differs from eager's by more than the precision allows.
    """
    started = time.perf_counter()
    call = RUNTIMES[target.runtime].prepare(network, target)
    prepare_seconds = time.perf_counter() - started
    _, clock = clock_of(target)
    started = clock()
    output = call()
    first_ms = (clock() - started) * 1000
    difference = _difference_from_eager(torch.as_tensor(output), network, target)
    return Prepared(call, prepare_seconds, first_ms, difference)


def _difference_from_eager(output: torch.Tensor, network: nn.Module, target: Target) -> float:
    exact = replace(target, runtime="eager", precision="float32")
    if target == exact:
        return 0.0
    expected = torch.as_tensor(EagerRuntime().prepare(network, exact)())
    if output.shape != expected.shape:
        raise ProfilingFailed(
            f"the output must have eager's shape {tuple(expected.shape)}, got {tuple(output.shape)}"
        )
    unit = max(1.0, float(expected.abs().max()))
    difference = float((output.to(expected) - expected).abs().max()) / unit
    tolerance = TOLERANCES[target.precision]
    if not difference <= tolerance:  # NaN is not either
        raise ProfilingFailed(
            f"the output must be eager's within {tolerance:g} in {target.precision}, "
            f"got a largest difference of {difference:.3g}"
        )
    return difference
