"""The interleaved protocol: how much longer one call takes than another, with an interval.

Milliseconds on a shared machine drift by a third within minutes; two calls timed in turn
drift together. So the calls alternate B A B A B, and each call A is divided by the call B
before it and by the one after it: a steady drift moves the two quotients apart, not their
middle. The ratio is the median of all quotients, which a call that was interrupted cannot
move far. (Dividing by the mean of both calls B is tempting, but times are skewed to the slow
side, and a network then comes out up to 1 % faster than itself.) The 95 % interval comes from
a block bootstrap, because neighbours share a call and a state of the machine.

Nothing here knows a runtime; a call must return only when its work is done.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from profilers.clock import Clock, call_ms

Times = NDArray[np.float64]

MINIMUM_PAIRS = 3
# An interval is believed, and may end the measurement, only from this many pairs on.
BELIEVED_PAIRS = 20
WARM_UP_WINDOW = 4
WARM_UP_GAIN = 0.03
WARM_UP_SHARE = 0.2
RESAMPLES = 2000


@dataclass(frozen=True)
class RatioEstimate:
    """How a candidate's time compares with a reference's.

    Attributes:
        ratio: candidate over reference; ci_low and ci_high bound it with 95 % confidence.
        candidate_ms, reference_ms: medians, for orientation only: they drift, the ratio does not.
        candidate_p90_ms: nine calls of ten were faster.
        candidate_first_ms: the very first call, with whatever it sets up.
        repeats: timed pairs after the warm-up.
        reference_spread: interquartile range of the reference's calls over their median. All
            do the same work: far from 0 the machine is disturbed, and a disturbance that slows
            the two unequally moves the ratio beyond its interval.
    """

    ratio: float
    ci_low: float
    ci_high: float
    candidate_ms: float
    reference_ms: float
    candidate_p90_ms: float
    candidate_first_ms: float
    repeats: int
    reference_spread: float


@dataclass(frozen=True)
class TimeEstimate:
    """Median time of one call by itself, and how often it was timed."""

    median_ms: float
    repeats: int


def compare(
    candidate: Callable[[], object],
    reference: Callable[[], object],
    *,
    max_seconds: float,
    precision: float = 0.01,
    seed: int = 0,
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
    watch = _Stopwatch(clock, wall_clock)
    deadline = wall_clock() + max_seconds
    with no_garbage_collection():
        first_ms = watch.time_ms(candidate)
        watch.time_ms(reference)
        _warm_up(candidate, reference, watch, WARM_UP_SHARE * max_seconds)
        pairs = _Pairs([], [watch.time_ms(reference)])
        check_at = BELIEVED_PAIRS
        while len(pairs.candidate_ms) < MINIMUM_PAIRS or wall_clock() < deadline:
            pairs.candidate_ms.append(watch.time_ms(candidate))
            pairs.reference_ms.append(watch.time_ms(reference))
            if len(pairs.candidate_ms) >= check_at:
                ratios = pairs.ratios()
                low, high = median_interval(ratios, seed)
                if high - low <= 2 * precision * float(np.median(ratios)):
                    break
                check_at += max(5, check_at // 4)
    return pairs.estimate(first_ms, seed)


def time_alone(
    call: Callable[[], object],
    *,
    max_seconds: float,
    clock: Clock = time.perf_counter,
    wall_clock: Clock = time.perf_counter,
) -> TimeEstimate:
    """Return the median time of `call` over `max_seconds`, after a warm-up within them.

    Raises:
        ValueError: max_seconds is not positive.
    """
    require_positive(max_seconds=max_seconds)
    watch = _Stopwatch(clock, wall_clock)
    deadline = wall_clock() + max_seconds
    times_ms: list[float] = []
    with no_garbage_collection():
        _warm_up(call, call, watch, WARM_UP_SHARE * max_seconds)
        while len(times_ms) < MINIMUM_PAIRS or wall_clock() < deadline:
            times_ms.append(watch.time_ms(call))
    return TimeEstimate(float(np.median(times_ms)), len(times_ms))


def time_in_turn(
    calls: Sequence[Callable[[], object]],
    *,
    max_seconds: float,
    clock: Clock = time.perf_counter,
    wall_clock: Clock = time.perf_counter,
) -> tuple[float, ...]:
    """Return the median time of each of `calls` in milliseconds, one round of all after another.

    The first round does not count; after it come as many as fit into `max_seconds`, at least
    three. This ranks calls; for how much they differ there is `compare`.

    Raises:
        ValueError: max_seconds is not positive.
    """
    require_positive(max_seconds=max_seconds)
    watch = _Stopwatch(clock, wall_clock)
    deadline = wall_clock() + max_seconds
    rounds: list[list[float]] = []
    with no_garbage_collection():
        while len(rounds) <= MINIMUM_PAIRS or wall_clock() < deadline:
            rounds.append([watch.time_ms(call) for call in calls])
    return tuple(float(median) for median in np.median(rounds[1:], axis=0))


def median_interval(values: Times, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the median of all `values` (n, k), rows as they were measured."""
    centre = float(np.median(values))
    return percentile_interval(centre, resampled_medians(values, seed), len(values))


def resampled_medians(values: Times, seed: int) -> Times:
    """Return medians of `values` (n, ...) as they might have come out, rows in blocks.

    Circular moving-block bootstrap (Politis and Romano 1992) with blocks of n^(1/3), but at
    least 2, rows.
    """
    count = len(values)
    length = min(count, max(2, round(count ** (1 / 3))))
    blocks = -(-count // length)
    starts = np.random.default_rng(seed).integers(0, count, size=(RESAMPLES, blocks, 1))
    chosen = (starts + np.arange(length)) % count
    resampled = values[chosen.reshape(RESAMPLES, -1)[:, :count]].reshape(RESAMPLES, -1)
    medians: Times = np.median(resampled, axis=1)
    return medians


def percentile_interval(centre: float, resampled: Times, count: int) -> tuple[float, float]:
    """Return the 95 % interval around `centre` of what was resampled from `count` rows.

    The percentile interval is expanded as Student's exceeds the normal one (Hesterberg 2015),
    because resampling few rows does not reach far enough.
    """
    bounds = np.percentile(resampled, [2.5, 97.5])
    low, high = centre + (bounds - centre) * _expansion(count)
    return float(low), float(high)


def _expansion(count: int) -> float:
    """Student's 97.5 % quantile over the normal one, times the usual bias correction."""
    freedom = count - 1
    # Cornish-Fisher expansion of the quantile, within 3 % from two degrees of freedom on.
    quantiles = 1 + 1.210 / freedom + 1.440 / freedom**2 + 1.304 / freedom**3
    return float(quantiles * (count / freedom) ** 0.5)


@dataclass
class _Stopwatch:
    clock: Clock
    wall_clock: Clock

    def time_ms(self, call: Callable[[], object]) -> float:
        return call_ms(call, self.clock)


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

    def estimate(self, first_ms: float, seed: int) -> RatioEstimate:
        ratios = self.ratios()
        low, high = median_interval(ratios, seed)
        first_quartile, reference_ms, third_quartile = np.quantile(
            self.reference_ms, [0.25, 0.5, 0.75]
        ).tolist()
        return RatioEstimate(
            ratio=float(np.median(ratios)),
            ci_low=low,
            ci_high=high,
            candidate_ms=float(np.median(self.candidate_ms)),
            reference_ms=reference_ms,
            candidate_p90_ms=float(np.percentile(self.candidate_ms, 90)),
            candidate_first_ms=first_ms,
            repeats=len(ratios),
            reference_spread=(third_quartile - first_quartile) / reference_ms,
        )


def _warm_up(
    candidate: Callable[[], object],
    reference: Callable[[], object],
    watch: _Stopwatch,
    max_seconds: float,
) -> None:
    """Call both in turn until a window of pairs is no faster than the window before it."""
    times_ms: list[float] = []
    deadline = watch.wall_clock() + max_seconds
    while watch.wall_clock() < deadline:
        times_ms.append(watch.time_ms(candidate) + watch.time_ms(reference))
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
