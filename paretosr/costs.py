"""What MODEL costs on a target: everything that `paretosr profile` shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from blocks import NetworkConfig, build_network
from blocks.models import ResolvedModel
from imaging.evaluation import bicubic_upscaler
from profilers import (
    CrossCheck,
    Latency,
    LatencyMeter,
    MacsReport,
    RatioEstimate,
    Subject,
    Sustained,
    Target,
    analytic_cost,
    compare,
    cross_check,
    describe_device,
    macs_bound,
    measure_callable,
    measure_peak_memory_mib,
)
from profilers.agent.fastest_variant import VARIANTS_SHARE
from profilers.host.networks import prepare_fastest_variant
from profilers.predictor import CalibrationFile, CannotPredict, LatencyPredictor, Prediction
from profilers.runtimes.clock import clock_of
from profilers.runtimes.registry import require_available, require_here
from upscaling.fastest_variant import require_variant

# fvcore and thop run the network for real, which takes minutes at full size; where they
# differ they do so at any size.
_CROSS_CHECK_SIDE_PX = 64

# Of the time for timing, what the calibration of the reference network gets.
_CALIBRATION_SHARE = 0.25

# Interquartile range over median of calls that are all alike. Where it was 0.2, the ratios of two
# profiles of one network differed by 7 % (standard deviation), far beyond their intervals.
_QUIET_SPREAD = 0.1

Status = Callable[[str], None]


@dataclass(frozen=True)
class ModelProfile:
    """The costs of one model on one target; None where only a network has such a cost.

    `params` and `macs` (for an output of 1280x720) belong to the design; everything else to
    the input size and batch of the target.
    """

    params: int
    macs: int
    device: Mapping[str, str | int]
    """The machine that measured."""
    activation_mib: float | None
    peak_memory_mib: float | None
    latency: Latency
    prediction: Prediction | None = None
    """By a stored calibration, made before the measurement."""


@dataclass(frozen=True)
class ExplainedMacs:
    """The MACs of one network: what spends them, and why other tools count otherwise."""

    ledger: MacsReport
    cross_checks: tuple[CrossCheck, ...]
    cross_check_side_px: int
    """Height and width of the input for which fvcore and thop count."""


def profile_model(
    model: ResolvedModel,
    target: Target,
    *,
    variant: str | None,
    max_seconds: float,
    status: Status,
    stored: CalibrationFile | None = None,
    notice: Status = lambda text: None,
) -> ModelProfile:
    """Return the costs of `model`; `told` hears what is being measured.

    Without a `variant` the network is measured in the one that is the fastest on the target. With
    a `stored` calibration its time of the reference network is used and a prediction made, or
    `notice` hears why not.

    Raises:
        ValueError: the target is missing here, its input is too small for the network, or there
            is no such variant.
        ProfilingFailed: a measuring process died or could not run the network.
    """
    require_available(target)
    subject = subject_of(model, variant)
    if model.config is None or subject is None:
        status("timing")
        require_here(target)
        latency = _time_bicubic(model, target, max_seconds)
        return ModelProfile(0, 0, describe_device(), None, None, latency)
    status("counting")
    cost = analytic_cost(model.config, target)
    status("timing")
    with LatencyMeter(target) as meter:
        device = meter.describe_device()
        prediction = _predicted(stored, subject, target, device, notice) if stored else None
        if stored and not stored.header.misfit(target, stored.header.scale, device):
            calibration = stored.header.calibration
        else:
            calibration = meter.calibrate(max_seconds * _CALIBRATION_SHARE)
        latency = meter.measure(
            subject, calibration, max_seconds=max_seconds * (1 - _CALIBRATION_SHARE)
        )
    status("measuring memory")
    peak_memory_mib = measure_peak_memory_mib(replace(subject, variant=latency.variant), target)
    return ModelProfile(
        params=cost.params,
        macs=cost.macs,
        device=device,
        activation_mib=cost.activation_mib,
        peak_memory_mib=peak_memory_mib,
        latency=latency,
        prediction=prediction,
    )


def explain_macs(config: NetworkConfig) -> ExplainedMacs:
    """Return what spends the MACs of a network, and what fvcore and thop count."""
    side_px = max(_CROSS_CHECK_SIDE_PX, config.minimum_size_px)
    cross_checks = cross_check(build_network(config), lr_height_px=side_px, lr_width_px=side_px)
    return ExplainedMacs(macs_bound(config), cross_checks, side_px)


def _predicted(
    stored: CalibrationFile,
    subject: Subject,
    target: Target,
    device: Mapping[str, str | int],
    notice: Status,
) -> Prediction | None:
    try:
        return LatencyPredictor.load(stored).predict(subject, target, device)
    except CannotPredict as reason:
        notice(f"measured, not predicted: {reason}")
        return None


def compare_models(
    model: ResolvedModel,
    other: ResolvedModel,
    target: Target,
    *,
    variant: str | None,
    max_seconds: float,
) -> RatioEstimate:
    """Return the time of `model` over that of `other`.

    Each is timed in its fastest variant, `model` in `variant` where that is given.

    Raises:
        ValueError: the target is missing here, its input is too small for a network, there is
            no such variant, or bicubic is one of them and the target on another machine.
        ProfilingFailed: the measuring process died or could not run a network.
    """
    require_available(target)
    subject, against = subject_of(model, variant), subject_of(other, None)
    if subject is not None and against is not None:
        with LatencyMeter(target) as meter:
            return meter.compare(subject, against, max_seconds=max_seconds).estimate
    require_here(target)
    # Bicubic is NumPy code and has no runtime to run it: both are timed in this process.
    torch.set_num_threads(target.threads)
    _, clock = clock_of(target)
    variants_seconds = max_seconds * VARIANTS_SHARE
    calls = (
        _call_of(model, subject, target, variants_seconds),
        _call_of(other, against, target, variants_seconds),
    )
    return compare(*calls, max_seconds=max_seconds - variants_seconds, clock=clock)


def sustain_model(
    model: ResolvedModel, target: Target, *, variant: str | None, seconds: float
) -> Sustained:
    """Return what happens to the time of `model` that runs for `seconds` without a pause.

    Raises:
        ValueError: the target is missing here, its input is too small for the network, there is
            no such variant, or the model is bicubic.
        ProfilingFailed: the measuring process died or could not run the network.
    """
    subject = subject_of(model, variant)
    if subject is None:
        raise ValueError("--sustained runs a network; bicubic has none")
    with LatencyMeter(target) as meter:
        return meter.sustain(subject, seconds=seconds)


def noise_warning(reference_spread: float, quiet_share: float | None) -> str | None:
    """Return what to tell of a machine on which calls of one network differ much, or None.

    Nothing where all that counts was measured while the machine was quiet.
    """
    if reference_spread <= _QUIET_SPREAD or quiet_share == 1:
        return None
    return (
        f"other work disturbs this machine: equal calls spread over {100 * reference_spread:.0f} % "
        f"of their time (interquartile range), more than {100 * _QUIET_SPREAD:.0f} %; another run "
        "may differ by more than the interval says"
    )


def subject_of(model: ResolvedModel, variant: str | None) -> Subject | None:
    """Return what a measuring process runs: the model with its weights; None for bicubic.

    Raises:
        ValueError: there is no such variant.
    """
    require_variant(model, variant)
    if model.config is None:
        return None
    return Subject(model.config, model.weights, variant)


def _time_bicubic(model: ResolvedModel, target: Target, max_seconds: float) -> Latency:
    with LatencyMeter(target) as meter:
        calibration = meter.calibrate(max_seconds * _CALIBRATION_SHARE)
    return measure_callable(
        _call_of(model, None, target, max_seconds),
        target,
        calibration,
        max_seconds=max_seconds * (1 - _CALIBRATION_SHARE),
    )


def _call_of(
    model: ResolvedModel, subject: Subject | None, target: Target, variants_seconds: float
) -> Callable[[], object]:
    """Return one pass over a batch of the target's size."""
    if subject is not None:
        return prepare_fastest_variant(subject, target, variants_seconds).prepared.call
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
