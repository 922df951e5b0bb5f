"""The interleaved protocol on a clock that only the timed calls move."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, cycle, repeat

import numpy as np
import pytest

from profilers import RatioEstimate, compare
from profilers.agent.timing.calls_in_turn import time_alone, time_in_turn


class Bench:
    """A clock in seconds, and calls that take scripted times on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log = ""

    def clock(self) -> float:
        return self.now

    def call(self, name: str, milliseconds: Iterable[float]) -> Callable[[], None]:
        durations: Iterator[float] = iter(milliseconds)

        def run() -> None:
            self.now += next(durations) / 1000 * self.slowdown()
            self.log += name

        return run

    def slowdown(self) -> float:
        return 1.0


class DriftingBench(Bench):
    """The machine slows down steadily, to half its speed after ten seconds."""

    def slowdown(self) -> float:
        return 1 + self.now / 10


def run(
    bench: Bench, candidate: Iterable[float], reference: Iterable[float], max_seconds: float = 10.0
) -> RatioEstimate:
    return compare(
        bench.call("A", candidate),
        bench.call("B", reference),
        max_seconds=max_seconds,
        clock=bench.clock,
        wall_clock=bench.clock,
    )


def test_steady_calls_give_their_exact_ratio() -> None:
    bench = Bench()
    estimate = run(bench, repeat(30.0), repeat(20.0))
    assert estimate.ratio == pytest.approx(1.5)
    assert (estimate.ci_low, estimate.ci_high) == pytest.approx((1.5, 1.5))
    assert estimate.candidate_ms == pytest.approx(30)
    assert estimate.reference_ms == pytest.approx(20)
    assert estimate.candidate_p90_ms == pytest.approx(30)
    assert estimate.reference_spread == 0
    assert bench.now < 10  # a narrow interval ends the measurement early


def test_calls_alternate() -> None:
    bench = Bench()
    run(bench, repeat(1.0), repeat(1.0))
    assert bench.log.startswith("AB")
    measured = bench.log[bench.log.rindex("BB") + 1 :]
    assert set(measured[::2]) == {"B"}
    assert set(measured[1::2]) == {"A"}


def test_first_call_and_warm_up_stay_out_of_the_ratio() -> None:
    warming = chain([500.0], (100.0 - 5 * step for step in range(10)), repeat(50.0))
    estimate = run(Bench(), warming, repeat(50.0), max_seconds=60.0)
    assert estimate.candidate_first_ms == pytest.approx(500)
    assert estimate.ratio == pytest.approx(1.0)


def test_a_drift_of_the_machine_cancels() -> None:
    estimate = run(DriftingBench(), repeat(30.0), repeat(20.0))
    assert estimate.ratio == pytest.approx(1.5, rel=1e-3)


def test_interruptions_do_not_move_the_ratio_but_show_in_the_tail() -> None:
    candidate = cycle([30.0] * 8 + [300.0] * 2)
    estimate = run(Bench(), candidate, repeat(20.0))
    assert estimate.ratio == pytest.approx(1.5)
    assert estimate.candidate_p90_ms == pytest.approx(300)


def test_the_spread_is_that_of_the_middle_half_of_the_reference() -> None:
    # A quarter of the calls lie up to 20, half up to 30, three quarters up to 40.
    estimate = run(Bench(), repeat(60.0), cycle([10.0, 20.0, 30.0, 40.0, 50.0]))
    assert estimate.reference_spread == pytest.approx(2 / 3)


def test_calls_that_are_sometimes_slow_do_not_make_a_network_faster_than_itself() -> None:
    random = np.random.default_rng(4)
    ratios = []
    for _ in range(40):
        times = (20.0 + float(random.exponential(4.0)) for _ in repeat(None))
        # Both draw from the one stream of times: the same network, built twice.
        ratios.append(run(Bench(), times, times, max_seconds=5.0).ratio)
    standard_error = np.std(ratios) / len(ratios) ** 0.5
    assert abs(np.mean(ratios) - 1) < 3 * standard_error
    assert standard_error < 0.003


def test_noise_is_measured_until_time_ends() -> None:
    random = np.random.default_rng(0)
    noisy = (float(random.uniform(10, 50)) for _ in repeat(None))
    bench = Bench()
    estimate = run(bench, noisy, repeat(20.0))
    assert 10 <= bench.now < 10.1
    assert estimate.ci_low < estimate.ratio < estimate.ci_high
    assert estimate.ci_low < 1.5 < estimate.ci_high


@pytest.mark.parametrize("max_seconds", [0.001, 1.0])
def test_a_candidate_slower_than_the_budget_is_still_timed_three_times(
    max_seconds: float,
) -> None:
    estimate = run(Bench(), repeat(5000.0), repeat(10.0), max_seconds)
    assert estimate.repeats == 3
    assert estimate.ratio == pytest.approx(500)


def test_the_budget_is_time_on_the_wall_whatever_times_the_calls() -> None:
    bench = Bench()
    random = np.random.default_rng(5)
    processor_s = 0.0

    def call() -> None:
        nonlocal processor_s
        processor_s += random.uniform(0.01, 0.02)
        bench.now += 0.1

    estimate = compare(
        call, call, max_seconds=10.0, clock=lambda: processor_s, wall_clock=bench.clock
    )
    assert 10 <= bench.now < 10.3
    assert 10 < estimate.candidate_ms < 20


def test_time_alone_is_the_median() -> None:
    bench = Bench()
    call = bench.call("B", chain([90.0], cycle([20.0, 22.0, 21.0])))
    estimate = time_alone(call, max_seconds=2.0, clock=bench.clock, wall_clock=bench.clock)
    assert estimate.median_ms == pytest.approx(21)
    assert 2.0 <= bench.now < 2.1


@pytest.mark.parametrize(
    ("quiet_seconds", "quiet_share", "expected_ms"), [(1, 1, 20), (0.2, 0.1, 28)]
)
def test_calls_of_a_quiet_machine_count_alone_if_they_are_enough(
    quiet_seconds: float, quiet_share: float, expected_ms: float
) -> None:
    bench = Bench()
    quiet = 20.0

    def is_quiet() -> bool:
        return bench.now % 2 < quiet_seconds

    def call() -> None:
        bench.now += (quiet if is_quiet() else 1.4 * quiet) / 1000

    estimate = time_alone(
        call,
        max_seconds=20.0,
        clock=bench.clock,
        wall_clock=bench.clock,
        prober=lambda: (bench.now, 1.0 if is_quiet() else 1.5, 1.0),
    )
    assert estimate.median_ms == pytest.approx(expected_ms)
    assert estimate.quiet_share == pytest.approx(quiet_share, abs=0.05)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_budget_has_to_be_positive(seconds: float) -> None:
    with pytest.raises(ValueError, match="max_seconds must be above 0"):
        compare(int, int, max_seconds=seconds)
    with pytest.raises(ValueError, match="max_seconds must be above 0"):
        time_alone(int, max_seconds=seconds)


def test_calls_in_turn_are_timed_without_their_first_round() -> None:
    bench = Bench()
    calls = [
        bench.call("A", chain([500.0], repeat(28.0))),
        bench.call("B", repeat(20.0)),
        bench.call("C", repeat(25.0)),
    ]
    times = time_in_turn(calls, max_seconds=1.0, clock=bench.clock, wall_clock=bench.clock)
    assert times == pytest.approx((28, 20, 25))
    assert bench.log == "ABC" * (len(bench.log) // 3)
    assert 1.0 <= bench.now < 1.1


def test_calls_in_turn_leave_the_slow_ones_behind() -> None:
    bench = Bench()
    calls = [
        bench.call("A", repeat(28.0)),
        bench.call("B", repeat(20.0)),
        bench.call("C", repeat(31.0)),
    ]
    times = time_in_turn(calls, max_seconds=1.0, clock=bench.clock, wall_clock=bench.clock)
    assert times == pytest.approx((28, 20, 31))
    assert bench.log.startswith("ABCABCABAB")
    assert "C" not in bench.log[6:]
    assert 1.0 <= bench.now < 1.1


@pytest.mark.parametrize(
    ("seconds", "calls_made"), [(1.0, "AB"), (13.0, "AB"), (13.5, "ABAB"), (27.0, "ABABAB")]
)
def test_long_calls_in_turn_are_made_while_there_is_time(seconds: float, calls_made: str) -> None:
    bench = Bench()
    calls = [bench.call("A", repeat(7000)), bench.call("B", repeat(6000))]
    times = time_in_turn(calls, max_seconds=seconds, clock=bench.clock, wall_clock=bench.clock)
    assert times == pytest.approx((7000, 6000))
    assert bench.log == calls_made


def test_short_calls_in_turn_are_made_three_times_after_the_first() -> None:
    bench = Bench()
    calls = [bench.call("A", repeat(700)), bench.call("B", repeat(600))]
    times = time_in_turn(calls, max_seconds=1.0, clock=bench.clock, wall_clock=bench.clock)
    assert times == pytest.approx((700, 600))
    assert bench.log == "ABABABAB"


def test_calls_in_turn_end_when_one_is_left() -> None:
    bench = Bench()
    calls = [bench.call("A", repeat(30.0)), bench.call("B", repeat(10.0))]
    times = time_in_turn(calls, max_seconds=1.0, clock=bench.clock, wall_clock=bench.clock)
    assert times == pytest.approx((30, 10))
    assert bench.log == "ABAB"
