"""Two processes in turn on a machine whose speed is known at every moment.

Covers profilers.agent.timing.partner.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilers.agent.timing.clock import Clock
from profilers.agent.timing.concurrent_calls import Calls, ratios_of_groups
from profilers.agent.timing.crossover import CANDIDATE, REFERENCE, compare_across
from profilers.agent.timing.partner import Partner
from profilers.agent.timing.probes import Probe, QuietLevel

SLICE_SECONDS = 0.01


def in_slices(
    works: tuple[float, float], speeds: list[float], seconds: float
) -> tuple[Calls, Calls]:
    """What two processes do that run in turn while the machine changes its speed."""
    both = (Calls([0.0]), Calls([0.0]))
    left = list(works)
    spent_ms = [0.0, 0.0]
    now = 0.0
    turn = 0
    while now < seconds:
        speed = speeds[int(now / seconds * len(speeds))]
        end = now + SLICE_SECONDS
        while now < end:
            passed = min(left[turn] / speed, end - now)
            now += passed
            left[turn] -= passed * speed
            spent_ms[turn] += passed * 1000
            if left[turn] <= 1e-12:
                both[turn].ended.append(now)
                both[turn].times_ms.append(spent_ms[turn])
                both[turn].started.append(now)
                left[turn], spent_ms[turn] = works[turn], 0.0
        turn = 1 - turn
    for calls in both:
        del calls.started[-1]  # it has not ended
    return both


@given(
    works=st.tuples(st.floats(0.002, 0.4), st.floats(0.002, 0.4)),
    speeds=st.lists(st.floats(0.5, 2.0), min_size=1, max_size=30),
)
def test_the_speed_of_the_machine_cancels(works: tuple[float, float], speeds: list[float]) -> None:
    candidate, reference = in_slices(works, speeds, seconds=12.0)
    groups = ratios_of_groups(candidate, reference)
    assert np.median(groups.ratios) == pytest.approx(works[0] / works[1], rel=0.1)


def test_the_ratios_of_a_quiet_machine_are_not_too_low() -> None:
    # Shared for multiples of three seconds, and then everything takes 1.5 times as long.
    bursts = np.random.default_rng(1).choice([1.0, 1.5], 600)
    slowness = np.concatenate([[0.0], np.cumsum(bursts)])
    works = (0.7, 0.9)
    candidate, reference = in_slices(works, (1 / bursts).tolist(), seconds=3.0 * len(bursts))
    groups = ratios_of_groups(candidate, reference)
    began, ended = groups.began / 3, groups.ended / 3
    moments = np.arange(len(slowness))
    took = np.interp(ended, moments, slowness) - np.interp(began, moments, slowness)
    quiet = took / (ended - began) <= 1.1
    assert quiet.mean() > 0.3
    expected = works[0] / works[1]
    assert np.mean(groups.ratios[quiet]) == pytest.approx(expected, rel=0.006)


class SimulatedPartner(Partner):
    """One of two processes on a machine that does not disturb them.

    A call of a network does `works` of it, in seconds at full speed; the process that asks is
    slower than this one by `slowness`.
    """

    def __init__(self, works: dict[str, float], slowness: float) -> None:
        super().__init__([])
        self.works, self.slowness = works, slowness
        self.rounds: list[float] = []

    def follow(
        self, call: Callable[[], object], network: str, *, seconds: float, clock: Clock
    ) -> tuple[Calls, Calls, list[Probe]]:
        assert network == REFERENCE
        return *self._both(CANDIDATE, network, seconds), [(0.0, 1.0, 1.0)]

    def lead(
        self, call: Callable[[], object], network: str, *, seconds: float, clock: Clock
    ) -> tuple[Calls, Calls, list[Probe]]:
        assert network == CANDIDATE
        ours, theirs = self._both(REFERENCE, network, seconds)
        return theirs, ours, [(0.0, 1.0, 1.0)]

    def _both(self, here: str, there: str, seconds: float) -> tuple[Calls, Calls]:
        self.rounds.append(seconds)
        works = (self.works[here] * self.slowness, self.works[there])
        both = in_slices(works, [1.0], seconds + 2.2 * sum(works))
        leader = both[0 if here == CANDIDATE else 1]
        end = leader.ended[sum(start < seconds for start in leader.started) - 1]
        return until(end, both[0]), until(end, both[1])


SHARED_SLOWNESS = {CANDIDATE: 1.4, REFERENCE: 1.2}


class DisturbedPartner(SimulatedPartner):
    """Its machine is shared in two of three rounds of each kind, and then slows calls unequally."""

    def follow(
        self, call: Callable[[], object], network: str, *, seconds: float, clock: Clock
    ) -> tuple[Calls, Calls, list[Probe]]:
        return self._noisy(super().follow(call, network, seconds=seconds, clock=clock))

    def lead(
        self, call: Callable[[], object], network: str, *, seconds: float, clock: Clock
    ) -> tuple[Calls, Calls, list[Probe]]:
        return self._noisy(super().lead(call, network, seconds=seconds, clock=clock))

    def _both(self, here: str, there: str, seconds: float) -> tuple[Calls, Calls]:
        quiet = self.works
        if self._is_shared(len(self.rounds)):
            self.works = {name: work * SHARED_SLOWNESS[name] for name, work in quiet.items()}
        both = super()._both(here, there, seconds)
        self.works = quiet
        return both

    def _noisy(
        self, measured: tuple[Calls, Calls, list[Probe]]
    ) -> tuple[Calls, Calls, list[Probe]]:
        compute_ms = 1.5 if self._is_shared(len(self.rounds) - 1) else 1.0
        return *measured[:2], [(0.0, compute_ms, 1.0)]

    @staticmethod
    def _is_shared(number: int) -> bool:
        return number // 2 % 3 > 0


def test_what_shares_the_machine_for_most_of_the_time_does_not_count() -> None:
    partner = DisturbedPartner({CANDIDATE: 0.03, REFERENCE: 0.02}, 1.0)
    assert compared(partner, 20.0) == pytest.approx(1.5, rel=0.01)


def until(end: float, calls: Calls) -> Calls:
    """Those that began before `end`."""
    count = sum(start < end for start in calls.started)
    return Calls(calls.started[:count], calls.ended[:count], calls.times_ms[:count])


def compared(partner: SimulatedPartner, max_seconds: float) -> float:
    estimate = compare_across(
        partner,
        int,
        int,
        quiet=QuietLevel(),
        max_seconds=max_seconds,
        precision=0.01,
        clock=lambda: 0.0,
    )
    assert estimate.ci_low <= estimate.ratio <= estimate.ci_high
    return estimate.ratio


@pytest.mark.parametrize("slowness", [1.0, 1.07, 0.93])
def test_how_fast_either_process_is_cancels(slowness: float) -> None:
    partner = SimulatedPartner({CANDIDATE: 0.03, REFERENCE: 0.02}, slowness)
    assert compared(partner, 20.0) == pytest.approx(1.5, rel=0.01)
    assert sum(partner.rounds) < 20  # a narrow interval ends the measurement early


@pytest.mark.parametrize(("candidate", "reference"), [(5.0, 0.02), (0.02, 5.0), (5.0, 5.0)])
def test_calls_that_are_slower_than_the_time_are_still_compared(
    candidate: float, reference: float
) -> None:
    partner = SimulatedPartner({CANDIDATE: candidate, REFERENCE: reference}, 1.0)
    assert compared(partner, 0.01) == pytest.approx(candidate / reference, rel=0.05)


@pytest.mark.parametrize("name", ["max_seconds", "precision"])
def test_limits_have_to_be_positive(name: str) -> None:
    limits = {"max_seconds": 1.0, "precision": 0.01, name: 0.0}
    with pytest.raises(ValueError, match=f"{name} must be above 0, got 0"):
        compare_across(Partner([]), int, int, quiet=QuietLevel(), clock=lambda: 0.0, **limits)
