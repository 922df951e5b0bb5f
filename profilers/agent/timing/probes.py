"""Probes of the machine between slices: is something else slowing it down?

A core of a rented machine is often half of a physical one. Another machine uses the other half, in
bursts of a tenth of a second to a minute, and slows different work by different factors: on such a
host a loop took 1.5 times, a SeemoRe 1.3 times and the reference network 1.2 times as long as on a
quiet machine. A ratio then moves by 8 %, and by as much again when others use the memory. No clock
of this machine shows it, but a fixed piece of work takes longer. So ratios are taken, as far as
possible, while the machine is quiet.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from profilers.agent.timing.ratio import Times
from profilers.agent.timing.slices import PROBE_BYTES, probe

Probe = tuple[float, float, float]
"""When, in seconds of the monotonic clock, and what computing and copying took, in ms."""
Prober = Callable[[], Probe]

QUIET_EXCESS = np.array([0.1, 0.25])
"""How much longer computing and copying may take on a machine that counts as quiet. On a shared
core a loop takes 30 to 60 % longer; the time of copying varies continuously."""
QUIET_QUANTILE = 0.1
LEAST_QUIET_SHARE = 0.25
"""If fewer ratios are quiet than this share, all of them are used."""
_REMEMBERED = 100_000
"""Half an hour of probes. A neighbour may be busy for most of ten minutes, and a slow machine must
not pass for a quiet one; after a permanent drop of the clock it counts as quiet again."""


class QuietLevel:
    """What probes take on a quiet machine, learned from all probes so far."""

    def __init__(self) -> None:
        self._seen: Times = np.empty((0, 2))

    def learn(self, probes: Sequence[Probe]) -> None:
        """Take `probes` into account."""
        probed_ms = np.reshape(probes, (-1, 3))[:, 1:]
        self._seen = np.concatenate([self._seen, probed_ms])[-_REMEMBERED:]

    def excess(self, probed_ms: Times) -> Times:
        """Return how far each of `probed_ms` (n, 2) exceeds a quiet machine: up to 1 is quiet."""
        quiet_ms = np.quantile(self._seen, QUIET_QUANTILE, axis=0)
        excess: Times = ((probed_ms / quiet_ms - 1) / QUIET_EXCESS).max(axis=1)
        return excess


def probed_between(began: Times, ended: Times, probes: list[Probe]) -> Times:
    """Return the mean of the probes between moments (n,), or else of the next one: (n, 2)."""
    table = np.asarray(probes)
    first = np.minimum(np.searchsorted(table[:, 0], began), len(table) - 1)
    behind = np.maximum(np.searchsorted(table[:, 0], ended, side="right"), first + 1)
    total = np.concatenate([np.zeros((1, 2)), np.cumsum(table[:, 1:], axis=0)])
    means: Times = (total[behind] - total[first]) / (behind - first)[:, None]
    return means


def prober() -> Prober:
    """Return a function that probes the machine as it is probed between slices."""
    return partial(probe, bytearray(PROBE_BYTES), bytearray(PROBE_BYTES))


def excess_around(probes: Sequence[Probe]) -> Times:
    """Return, for each two neighbouring probes, the larger excess over the quietest probes."""
    level = QuietLevel()
    level.learn(probes)
    excess = level.excess(np.asarray(probes)[:, 1:])
    return np.maximum(excess[:-1], excess[1:])


def quiet_ones(excess: Times, fewest: int) -> NDArray[np.bool_]:
    """Return which of `excess` (n,) are quiet, or all if those are too few or under `fewest`."""
    quiet = _is_quiet(excess)
    is_enough = quiet.sum() >= max(fewest, LEAST_QUIET_SHARE * len(quiet))
    return quiet if is_enough else np.ones_like(quiet)


def share_of_quiet(excess: Times) -> float:
    """Return the share of `excess` (n,) that is quiet."""
    return float(np.mean(_is_quiet(excess)))


def _is_quiet(excess: Times) -> NDArray[np.bool_]:
    quiet: NDArray[np.bool_] = excess <= 1
    return quiet
