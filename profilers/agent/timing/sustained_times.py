"""How the time of a call changes when a device runs without a pause, warms up and clocks down."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from profilers.agent.timing.calls_in_turn import no_garbage_collection, require_positive
from profilers.agent.timing.clock import Clock, call_ms
from profilers.agent.timing.ratio import Times, percentile_interval, resampled_medians

WINDOWS = 10
# With fewer there is no spread to derive an interval from.
CALLS_OF_A_WINDOW = 3


@dataclass(frozen=True)
class Window:
    """Consecutive calls: when the last of them ended, and their median time."""

    ended_seconds: float
    median_ms: float


@dataclass(frozen=True)
class SustainedTimes:
    """The times of calls that were made without a pause.

    `slowdown` is the median time of the last window over that of the first; the interval
    bounds it with 95 % confidence. `windows` have equal numbers of the `repeats` calls.
    """

    slowdown: float
    ci_low: float
    ci_high: float
    repeats: int
    windows: tuple[Window, ...]


def time_sustained(
    call: Callable[[], object],
    *,
    seconds: float,
    clock: Clock = time.perf_counter,
    wall_clock: Clock = time.perf_counter,
) -> SustainedTimes:
    """Repeat `call` for `seconds` on the wall clock and time every one of them by `clock`.

    Makes at least six calls, so slow ones exceed the time. There is no warm-up, because the start
    on a rested device is part of what is measured; the caller has made the first, setting-up call.

    Raises:
        ValueError: seconds is not positive.
    """
    require_positive(seconds=seconds)
    times_ms: list[float] = []
    ended: list[float] = []
    with no_garbage_collection():
        began = wall_clock()
        while len(ended) < 2 * CALLS_OF_A_WINDOW or ended[-1] < seconds:
            times_ms.append(call_ms(call, clock))
            ended.append(wall_clock() - began)
    count = min(WINDOWS, len(ended) // CALLS_OF_A_WINDOW)
    parts = np.array_split(np.asarray(times_ms), count)
    ends = np.cumsum([len(part) for part in parts]) - 1
    slowdown, low, high = _ratio_of_medians(parts[-1], parts[0])
    return SustainedTimes(
        slowdown=slowdown,
        ci_low=low,
        ci_high=high,
        repeats=len(ended),
        windows=tuple(
            Window(ended[end], float(np.median(part)))
            for end, part in zip(ends, parts, strict=True)
        ),
    )


def _ratio_of_medians(late: Times, early: Times) -> tuple[float, float, float]:
    """Return the ratio and its 95 % interval; the two are resampled each by itself."""
    ratio = float(np.median(late) / np.median(early))
    resampled = resampled_medians(late, seed=0) / resampled_medians(early, seed=1)
    return ratio, *percentile_interval(ratio, resampled, min(len(late), len(early)))
