"""The comparison of a network's output with eager's, before anything is timed."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profilers.agent.failure import ProfilingFailed
from profilers.agent.prepared_network import Prepared, PreparedCall
from profilers.agent.timing.clock import Clock

# The largest `max_difference` that passes. With random weights SeemoRe-L reaches 2e-6 in
# float32 and 0.02 in bfloat16.
TOLERANCES = {"float32": 1e-4, "bfloat16": 0.05}
# The least PSNR between a quantised graph's output and eager's in float32. Quantised networks
# that are of use reach 45 dB and more: where both errors are independent, 40 dB already cost a
# network of 38 dB on photographs 2.1 dB. What is below is no rounding but another network, a
# wrong scale or an overflow.
INT8_FLOOR_DB = 30.0


def checked(
    prepare: Callable[[], PreparedCall],
    expected: Callable[[], NDArray[np.float32]],
    precision: str,
    clock: Clock,
) -> Prepared:
    """Prepare a network, time its first call by `clock`, and compare the output with `expected`.

    Raises:
        ProfilingFailed: the output differs by more than the precision allows.
    """
    started = time.perf_counter()
    call = prepare()
    prepare_seconds = time.perf_counter() - started
    started = clock()
    output = call()
    first_ms = (clock() - started) * 1000
    difference = _difference(as_array(output), expected(), precision)
    return Prepared(call, prepare_seconds, first_ms, difference)


def as_array(images: Any) -> NDArray[np.float32]:
    """Return an array, or a tensor on any device and in any precision, as float32."""
    array = images if isinstance(images, np.ndarray) else images.float().cpu().numpy()
    return array.astype(np.float32, copy=False)


def largest_difference(output: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Return the largest difference, divided by the largest expected value if that exceeds 1."""
    unit = max(1.0, float(np.abs(expected).max()))
    with np.errstate(invalid="ignore"):
        return float(np.abs(output - expected).max()) / unit


def psnr_db(output: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Return the PSNR of all values, the peak being 1 or the largest expected value beyond it."""
    peak = max(1.0, float(np.abs(expected).max()))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_square = np.mean(np.square(output.astype(np.float64) - expected))
        return float(-10 * np.log10(mean_square / peak**2))


def _difference(
    output: NDArray[np.float32], expected: NDArray[np.float32], precision: str
) -> float:
    if output.shape != expected.shape:
        raise ProfilingFailed(
            f"the output must have eager's shape {expected.shape}, got {output.shape}"
        )
    difference = largest_difference(output, expected)
    if precision == "int8":
        _require_near(psnr_db(output, expected))
        return difference
    tolerance = TOLERANCES[precision]
    if not difference <= tolerance:  # also true of NaN
        raise ProfilingFailed(
            f"the output must be eager's within {tolerance:g} in {precision}, "
            f"got a largest difference of {difference:.3g}"
        )
    return difference


def _require_near(output_db: float) -> None:
    if not output_db >= INT8_FLOOR_DB:  # also true of NaN
        raise ProfilingFailed(
            f"the output in int8 must have a PSNR of at least {INT8_FLOOR_DB:g} dB to eager's in "
            f"float32, got {output_db:.1f} dB; quantise the network anew, with photographs like "
            "those it is for"
        )
