"""What MODEL costs on a target: everything that `paretosr profile` shows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from blocks import build_network
from paretosr.models import ResolvedModel
from profilers import (
    CrossCheck,
    Latency,
    LatencyMeter,
    RatioEstimate,
    Target,
    analytic_cost,
    compare,
    cross_check,
    measure_callable,
    measure_peak_memory_mib,
)
from profilers.clock import clock_of
from profilers.preparation import prepare_checked
from profilers.runtimes import require_available
from training.quality import bicubic_upscaler

# fvcore and thop run the network for real, which takes minutes at full size; where they
# differ they do so at any size.
_CROSS_CHECK_SIDE_PX = 64

# Of the time for timing, what the calibration of the reference network gets.
_CALIBRATION_SHARE = 0.25

Told = Callable[[str], None]


@dataclass(frozen=True)
class ModelProfile:
    """The costs of one model on one target; None where only a network has such a cost.

    `params` and `macs` (for an output of 1280x720) belong to the design; everything else to
    the input size and batch of the target.
    """

    params: int
    macs: int
    activation_mib: float | None
    peak_memory_mib: float | None
    latency: Latency
    cross_checks: tuple[CrossCheck, ...]
    cross_check_side_px: int
    """Height and width of the input for which fvcore and thop count."""


def profile_model(
    model: ResolvedModel, target: Target, *, max_seconds: float, told: Told
) -> ModelProfile:
    """Return the costs of `model`; `told` hears what is being measured.

    Raises:
        ValueError: the target is missing here, or its input is too small for the network.
        ProfilingFailed: a measuring process died or could not run the network.
    """
    require_available(target)
    if model.config is None:
        told("timing")
        return ModelProfile(0, 0, None, None, _time_bicubic(model, target, max_seconds), (), 0)
    told("counting")
    cost = analytic_cost(
        model.config,
        lr_height_px=target.lr_height_px,
        lr_width_px=target.lr_width_px,
        batch=target.batch,
    )
    side_px = max(_CROSS_CHECK_SIDE_PX, model.config.minimum_size_px)
    cross_checks = cross_check(
        build_network(model.config), lr_height_px=side_px, lr_width_px=side_px
    )
    told("measuring memory")
    peak_memory_mib = measure_peak_memory_mib(model.config, target)
    told("timing")
    with LatencyMeter(target) as meter:
        calibration = meter.calibrate(max_seconds * _CALIBRATION_SHARE)
        latency = meter.measure(
            model.config, calibration, max_seconds=max_seconds * (1 - _CALIBRATION_SHARE)
        )
    return ModelProfile(
        params=cost.params,
        macs=cost.macs,
        activation_mib=cost.activation_mib,
        peak_memory_mib=peak_memory_mib,
        latency=latency,
        cross_checks=cross_checks,
        cross_check_side_px=side_px,
    )


def compare_models(
    model: ResolvedModel, other: ResolvedModel, target: Target, *, max_seconds: float
) -> RatioEstimate:
    """Return the time of `model` over that of `other`, timed in turn.

    Raises:
        ValueError: the target is missing here, or its input is too small for a network.
        ProfilingFailed: the measuring process died or could not run a network.
    """
    require_available(target)
    if model.config is not None and other.config is not None:
        with LatencyMeter(target) as meter:
            return meter.compare(model.config, other.config, max_seconds=max_seconds)
    # Bicubic is NumPy code and has no runtime to run it: both are timed in this process.
    torch.set_num_threads(target.threads)
    _, clock = clock_of(target)
    calls = _call_of(model, target), _call_of(other, target)
    return compare(*calls, max_seconds=max_seconds, clock=clock)


def _time_bicubic(model: ResolvedModel, target: Target, max_seconds: float) -> Latency:
    with LatencyMeter(target) as meter:
        calibration = meter.calibrate(max_seconds * _CALIBRATION_SHARE)
    return measure_callable(
        _call_of(model, target),
        target,
        calibration,
        max_seconds=max_seconds * (1 - _CALIBRATION_SHARE),
    )


def _call_of(model: ResolvedModel, target: Target) -> Callable[[], object]:
    """Return one pass over a batch of the target's size."""
    if model.config is not None:
        return prepare_checked(build_network(model.config), target).call
    upscale = bicubic_upscaler(model.scale)
    shape = (target.batch, target.lr_height_px, target.lr_width_px, 3)
    images = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    return lambda: [upscale(image) for image in images]


def verdict(ratio: RatioEstimate) -> str:
    """Return what a ratio of times says: only an interval without 1 tells two models apart."""
    if ratio.ci_high < 1:
        return "faster"
    if ratio.ci_low > 1:
        return "slower"
    return "not distinguishable"
