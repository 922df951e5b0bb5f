"""Calls without a pause, on a clock that only they move."""

import pytest

from profilers.agent.timing.sustained_times import SustainedTimes, time_sustained


class Device:
    """A clock in seconds, and a call that takes what the elapsed time makes of it."""

    def __init__(self, cool_ms: float, hot_ms: float, hot_from_s: float) -> None:
        self.now = 0.0
        self.cool_ms, self.hot_ms, self.hot_from_s = cool_ms, hot_ms, hot_from_s

    def clock(self) -> float:
        return self.now

    def call(self) -> None:
        self.now += (self.hot_ms if self.now >= self.hot_from_s else self.cool_ms) / 1000

    def sustained(self, seconds: float) -> SustainedTimes:
        return time_sustained(self.call, seconds=seconds, clock=self.clock, wall_clock=self.clock)


def test_a_device_that_clocks_down() -> None:
    # 400 calls of 10 ms until it is hot after 4 s, then 400 of 15 ms until 10 s.
    times = Device(10.0, 15.0, hot_from_s=3.9999).sustained(9.9999)
    assert times.repeats == 800
    assert (times.slowdown, times.ci_low, times.ci_high) == pytest.approx((1.5, 1.5, 1.5))
    assert [window.median_ms for window in times.windows] == pytest.approx([10.0] * 5 + [15.0] * 5)
    ends = [0.8, 1.6, 2.4, 3.2, 4.0, 5.2, 6.4, 7.6, 8.8, 10.0]
    assert [window.ended_seconds for window in times.windows] == pytest.approx(ends)


def test_calls_slower_than_the_time_are_made_six_times() -> None:
    times = Device(2000.0, 2000.0, hot_from_s=0.0).sustained(1.0)
    assert (times.repeats, len(times.windows)) == (6, 2)
    assert times.slowdown == 1


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_the_time_is_positive(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be above 0"):
        Device(1.0, 1.0, 0.0).sustained(seconds)
