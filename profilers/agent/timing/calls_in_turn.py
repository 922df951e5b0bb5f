"""Timing calls in turn, in one process: how much longer one takes than another.

Times on a shared machine drift by a third within minutes, but two calls timed in turn drift
together. So the calls alternate, B A B A B, and the time of each call A is divided by that of the
call B before it and by that of the call B after it: a steady drift moves the two quotients apart
but not their middle. The ratio is the median of all quotients, which one interrupted call cannot
move far. (Dividing by the mean of both calls B is tempting, but times are skewed towards slow, and
a network would come out up to 1 % faster than itself.) The 95 % interval comes from a block
bootstrap, because neighbouring quotients share a call and a state of the machine.

Where calls can be paused midway, crossover.py does better.

Nothing here knows a runtime; a call must return only when its work is done.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from profilers.agent.timing.clock import Clock, call_ms
from profilers.agent.timing.probes import Probe, Prober, excess_around, quiet_ones, share_of_quiet
from profilers.agent.timing.ratio import (
    BELIEVED_RATIOS,
    PRECISION,
    RatioEstimate,
    Times,
    median_ratio,
)

MINIMUM_CALLS = 3
LEFT_BEHIND = 1.5
LONG_ROUND_MS = 2000.0
WARM_UP_WINDOW = 4
WARM_UP_GAIN = 0.03
WARM_UP_SHARE = 0.2


@dataclass(frozen=True)
class TimeEstimate:
    """Median time of one call by itself, and of how many calls.

    `quiet_share` tells how many of them met a quiet machine; it is None where nothing probed it.
    """

    median_ms: float
    repeats: int
    quiet_share: float | None = None


def compare(
    candidate: Callable[[], object],
    reference: Callable[[], object],
    *,
    max_seconds: float,
    precision: float = PRECISION,
    clock: Clock = time.perf_counter,
    wall_clock: Clock = time.perf_counter,
) -> RatioEstimate:
    """Time `candidate` and `reference` in turn by `clock` and return their ratio.

    Ends when the interval is within +-`precision` of the ratio, or after `max_seconds` on the
    wall clock, warm-up included, but never before three pairs: candidates slower than the
    budget exceed it.

    Raises:
        ValueError: max_seconds or precision is not positive.
    """
    require_positive(max_seconds=max_seconds, precision=precision)
    deadline = wall_clock() + max_seconds
    with no_garbage_collection():
        first_ms = call_ms(candidate, clock)
        call_ms(reference, clock)
        warm_up(
            lambda: call_ms(candidate, clock) + call_ms(reference, clock),
            max_seconds=WARM_UP_SHARE * max_seconds,
            wall_clock=wall_clock,
        )
        pairs = _Pairs([], [call_ms(reference, clock)])
        check_at = BELIEVED_RATIOS
        while len(pairs.candidate_ms) < MINIMUM_CALLS or wall_clock() < deadline:
            pairs.candidate_ms.append(call_ms(candidate, clock))
            pairs.reference_ms.append(call_ms(reference, clock))
            if len(pairs.candidate_ms) >= check_at:
                if median_ratio(pairs.ratios()).is_known(precision):
                    break
                check_at += max(5, check_at // 4)
    return median_ratio(pairs.ratios()).estimate(
        candidate_ms=pairs.candidate_ms,
        reference_ms=pairs.reference_ms,
        candidate_first_ms=first_ms,
    )


def time_alone(
    call: Callable[[], object],
    *,
    max_seconds: float,
    clock: Clock = time.perf_counter,
    wall_clock: Clock = time.perf_counter,
    prober: Prober | None = None,
) -> TimeEstimate:
    """Return the median time of `call` over `max_seconds`, after a warm-up within them.

    With a `prober`, only calls between two quiet probes count, if they are enough.

    Raises:
        ValueError: max_seconds is not positive.
    """
    require_positive(max_seconds=max_seconds)
    deadline = wall_clock() + max_seconds
    times_ms: list[float] = []
    probes: list[Probe] = []
    with no_garbage_collection():
        warm_up(
            lambda: call_ms(call, clock),
            max_seconds=WARM_UP_SHARE * max_seconds,
            wall_clock=wall_clock,
        )
        while len(times_ms) < MINIMUM_CALLS or wall_clock() < deadline:
            if prober is not None:
                probes.append(prober())
            times_ms.append(call_ms(call, clock))
    if prober is None:
        return TimeEstimate(float(np.median(times_ms)), len(times_ms))
    excess = excess_around([*probes, prober()])
    used = quiet_ones(excess, MINIMUM_CALLS)
    used_ms = np.asarray(times_ms)[used]
    return TimeEstimate(float(np.median(used_ms)), len(used_ms), share_of_quiet(excess[used]))


def time_in_turn(
    calls: Sequence[Callable[[], object]],
    *,
    max_seconds: float,
    clock: Clock = time.perf_counter,
    wall_clock: Clock = time.perf_counter,
) -> tuple[float, ...]:
    """Return the median time of each of `calls` in milliseconds, one round of all after another.

    The first round does not count; after it come as many as fit into `max_seconds`, at least
    three. A call that takes half as long again as the fastest in the first of them is left out
    of the rest, and the last one left is not timed further. Long calls are made less often: no
    round that takes seconds begins when the time is over, and the first counts if it is the
    only one. This ranks calls; for how much they differ there is `compare`.

    Raises:
        ValueError: max_seconds is not positive.
    """
    require_positive(max_seconds=max_seconds)
    deadline = wall_clock() + max_seconds
    left = list(range(len(calls)))
    with no_garbage_collection():
        first_ms = tuple(call_ms(call, clock) for call in calls)
        fewest = MINIMUM_CALLS if sum(first_ms) < LONG_ROUND_MS else 0
        if fewest == 0 and wall_clock() >= deadline:
            return first_ms
        times_ms: list[list[float]] = [[] for _ in calls]
        rounds = 0
        while rounds == 0 or (len(left) > 1 and (rounds < fewest or wall_clock() < deadline)):
            for index in left:
                times_ms[index].append(call_ms(calls[index], clock))
            rounds += 1
            if rounds <= MINIMUM_CALLS:
                fastest = min(np.median(times_ms[index]) for index in left)
                left = [i for i in left if np.median(times_ms[i]) <= LEFT_BEHIND * fastest]
    return tuple(float(np.median(times)) for times in times_ms)


@dataclass
class _Pairs:
    """Times in the order B A B A B: one more of the reference than of the candidate."""

    candidate_ms: list[float] = field(default_factory=list)
    reference_ms: list[float] = field(default_factory=list)

    def ratios(self) -> Times:
        """Each candidate call over the reference call before and after it: (n, 2)."""
        reference = np.asarray(self.reference_ms)
        around = np.stack([reference[:-1], reference[1:]], axis=1)
        ratios: Times = np.asarray(self.candidate_ms)[:, None] / around
        return ratios


def warm_up(
    time_ms: Callable[[], float],
    *,
    max_seconds: float,
    wall_clock: Clock = time.perf_counter,
) -> None:
    """Call `time_ms` until a window of its times is no faster than the window before it."""
    times_ms: list[float] = []
    deadline = wall_clock() + max_seconds
    while wall_clock() < deadline:
        times_ms.append(time_ms())
        if len(times_ms) >= 2 * WARM_UP_WINDOW:
            previous = np.median(times_ms[-2 * WARM_UP_WINDOW : -WARM_UP_WINDOW])
            latest = np.median(times_ms[-WARM_UP_WINDOW:])
            if latest > previous * (1 - WARM_UP_GAIN):
                return


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep Python from collecting garbage between timed calls."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def require_positive(**numbers: float) -> None:
    """Raise ValueError, by name, for a number that is not above 0."""
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"{name} must be above 0, got {number}")
