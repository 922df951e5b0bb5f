"""Calls of two processes that run at the same time, in slices of one core, and their ratios.

The slices (slices.py) are so short that both processes meet the same state of the machine. The
calls of one process are compared with those that the other made meanwhile, by processor time,
which does not pass while a process is stopped.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from profilers.agent.timing.calls_in_turn import no_garbage_collection
from profilers.agent.timing.clock import Clock, call_ms
from profilers.agent.timing.ratio import Times

GROUP_SECONDS = 0.1
"""Shorter calls are grouped, so that every ratio is one of several slices on both sides."""


@dataclass(frozen=True)
class Calls:
    """Calls of one process, one after the other.

    Attributes:
        started, ended: seconds on the monotonic clock, which all processes share.
        times_ms: what each took by the clock of the target.
    """

    started: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)


def repeat(call: Callable[[], object], clock: Clock, is_over: Callable[[], bool]) -> Calls:
    """Call until a call ends and `is_over` returns true, and return the calls: at least one."""
    calls = Calls()
    with no_garbage_collection():
        while True:
            calls.started.append(time.monotonic())
            calls.times_ms.append(call_ms(call, clock))
            calls.ended.append(time.monotonic())
            if is_over():
                return calls


def over_after(seconds: float) -> Callable[[], bool]:
    """Return a function that tells whether `seconds` have passed since now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


@dataclass(frozen=True)
class Groups:
    """Ratios (n,) of a candidate to a reference, and from when to when each group's calls ran.

    That is from the start of the first to the end of the last, those of the reference that lie
    partly within the candidate's included. What slows the machine within the candidate's alone
    raises a ratio, so ratios chosen by the state of the machine there would be too low.
    """

    ratios: Times
    began: Times
    ended: Times


def ratios_of_groups(candidate: Calls, reference: Calls) -> Groups:
    """Return, for groups of the candidate's calls, their mean time over the reference's.

    The reference's is that of its calls meanwhile; of one that lies partly within a group, that
    part counts. A group lasts about half as long as a call of the reference, or longer.
    """
    reference_seconds = float(np.median(np.subtract(reference.ended, reference.started)))
    first, behind = _groups(candidate, max(GROUP_SECONDS, reference_seconds / 2))
    began, ended = np.asarray(candidate.started)[first], np.asarray(candidate.ended)[behind - 1]
    total_ms = np.concatenate([[0.0], np.cumsum(candidate.times_ms)])
    candidate_ms = (total_ms[behind] - total_ms[first]) / (behind - first)
    calls = _done_between(began, ended, reference, [1.0] * len(reference.times_ms))
    some = calls > 0
    reference_ms = _done_between(began, ended, reference, reference.times_ms)[some] / calls[some]
    ratios, began, ended = candidate_ms[some] / reference_ms, began[some], ended[some]
    started, stopped = np.asarray(reference.started), np.asarray(reference.ended)
    first_of_reference = np.searchsorted(stopped, began, side="right")
    last_of_reference = np.searchsorted(started, ended) - 1
    return Groups(
        ratios,
        np.minimum(began, started[first_of_reference]),
        np.maximum(ended, stopped[last_of_reference]),
    )


def _groups(calls: Calls, seconds: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the index of the first call of each group, and that behind its last."""
    elapsed = np.asarray(calls.ended) - calls.started[0]
    behind = np.flatnonzero(np.diff(elapsed // seconds, prepend=0.0)) + 1
    return np.concatenate([np.zeros(1, np.intp), behind])[:-1], behind


def _done_between(began: Times, ended: Times, calls: Calls, amounts: Sequence[float]) -> Times:
    """Return how much `calls` did between moments, if each does its amount evenly."""
    moments = np.stack([calls.started, calls.ended], axis=1).ravel()
    done = np.concatenate([[0.0], np.cumsum(amounts)])
    reached = np.stack([done[:-1], done[1:]], axis=1).ravel()
    between: Times = np.interp(ended, moments, reached) - np.interp(began, moments, reached)
    return between
