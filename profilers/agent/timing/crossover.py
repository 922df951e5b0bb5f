"""How much longer one network takes than another, each run in both of two processes.

Of two processes that do the same work, one is faster for as long as both live: mostly by less
than 1 %, but 7 % has been seen. The cause may be where in memory each lies. So in one round the
candidate runs here and the reference in the other process, in the next they swap, and the
geometric mean of the two ratios no longer depends on the processes.

Only what was measured while the machine was quiet counts (probes.py).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from profilers.agent.timing.calls_in_turn import require_positive, warm_up
from profilers.agent.timing.clock import Clock, call_ms
from profilers.agent.timing.concurrent_calls import GROUP_SECONDS, Calls, ratios_of_groups
from profilers.agent.timing.partner import Partner
from profilers.agent.timing.probes import (
    Probe,
    QuietLevel,
    probed_between,
    quiet_ones,
    share_of_quiet,
)
from profilers.agent.timing.ratio import RatioEstimate, Times, middle_ratio

CALLS_OF_A_ROUND = 10
"""Both networks warm up again in every round, so short rounds waste time; long ones end late."""
MINIMUM_RATIOS_EACH = 2
SHORTEST_ROUND_SECONDS = 4 * GROUP_SECONDS
# Both have been called before, when their output was compared with eager's.
WARM_UP_SHARE = 0.1
CANDIDATE, REFERENCE = "candidate", "reference"
"""The names of the two in the other process."""


def compare_across(
    partner: Partner,
    candidate: Callable[[], object],
    reference: Callable[[], object],
    *,
    quiet: QuietLevel,
    max_seconds: float,
    precision: float,
    clock: Clock,
) -> RatioEstimate:
    """Return the time of `candidate` over that of `reference`, which `partner` has ready too.

    Ends when the interval is within +-`precision` of the ratio, on a machine as quiet as `quiet`
    tells, which learns; or after `max_seconds`, warm-up included, but never before two ratios of
    each kind: slower calls exceed the time.

    Raises:
        ValueError: max_seconds or precision is not positive.
        ProfilingFailed: the other process died.
    """
    require_positive(max_seconds=max_seconds, precision=precision)
    deadline = time.monotonic() + max_seconds
    first_ms = call_ms(candidate, clock)
    warm_up(
        lambda: call_ms(candidate, clock) + call_ms(reference, clock),
        max_seconds=WARM_UP_SHARE * max_seconds,
    )
    reference_ms = call_ms(reference, clock)
    # Two that share a core take twice their own time.
    some_calls = 2 * CALLS_OF_A_ROUND * max(first_ms, reference_ms) / 1000
    share = min(some_calls, (deadline - time.monotonic()) / 2)
    seconds = max(SHORTEST_ROUND_SECONDS, 2 * reference_ms / 1000, share)
    here, there = _Rounds(quiet), _Rounds(quiet)
    while True:
        here.add(*partner.follow(candidate, REFERENCE, seconds=seconds, clock=clock))
        there.add(*partner.lead(reference, CANDIDATE, seconds=seconds, clock=clock))
        fewer = min(len(here.ratios), len(there.ratios))
        if fewer == 0:
            seconds *= 2  # calls of the reference are longer than they seemed
        elif fewer >= MINIMUM_RATIOS_EACH:
            some, others = here.used(), there.used()
            ratio = middle_ratio(some.ratios, others.ratios)
            is_known = ratio.is_known(precision) and min(some.quiet_share, others.quiet_share) == 1
            if is_known or time.monotonic() + seconds > deadline:
                compute_ms, copy_ms = (some.probed_ms + others.probed_ms) / 2
                estimate = ratio.estimate(
                    candidate_ms=here.candidate_ms + there.candidate_ms,
                    reference_ms=here.reference_ms + there.reference_ms,
                    candidate_first_ms=first_ms,
                )
                return replace(
                    estimate,
                    quiet_share=(some.quiet_share + others.quiet_share) / 2,
                    compute_probe_ms=float(compute_ms),
                    copy_probe_ms=float(copy_ms),
                )


@dataclass(frozen=True)
class _Used:
    """The ratios that count, the share that is quiet of them, and what probes took meanwhile."""

    ratios: Times
    quiet_share: float
    probed_ms: Times


class _Rounds:
    """What was measured with the candidate in one process and the reference in the other."""

    def __init__(self, quiet: QuietLevel) -> None:
        self.ratios: Times = np.empty(0)
        self.candidate_ms: list[float] = []
        self.reference_ms: list[float] = []
        self._quiet = quiet
        self._probed_ms: Times = np.empty((0, 2))

    def add(self, candidate: Calls, reference: Calls, probes: list[Probe]) -> None:
        self._quiet.learn(probes)
        groups = ratios_of_groups(candidate, reference)
        probed_ms = probed_between(groups.began, groups.ended, probes)
        self.ratios = np.concatenate([self.ratios, groups.ratios])
        self._probed_ms = np.concatenate([self._probed_ms, probed_ms])
        self.candidate_ms += candidate.times_ms
        self.reference_ms += reference.times_ms

    def used(self) -> _Used:
        excess = self._quiet.excess(self._probed_ms)
        used = quiet_ones(excess, MINIMUM_RATIOS_EACH)
        probed_ms = self._probed_ms[used].mean(axis=0)
        return _Used(self.ratios[used], share_of_quiet(excess[used]), probed_ms)
