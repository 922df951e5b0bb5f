"""Which variant of a network is the fastest, among those that run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from profilers.agent.failure import reason_of
from profilers.agent.prepared_network import Prepared
from profilers.agent.timing.calls_in_turn import time_in_turn
from profilers.agent.timing.clock import Clock

VARIANTS_SHARE = 0.2
"""Of the time for timing a network, what the choice among its variants gets."""

HOPELESS = 5.0
"""A variant whose first call takes so many times the shortest, and longer than the choice may, is
not called again."""


class Timeable(Protocol):
    """A variant that is ready to be timed."""

    @property
    def call(self) -> Callable[[], object]:
        """Computes once."""

    @property
    def first_ms(self) -> float | None:
        """What the first call took; None where there was none yet."""


@dataclass(frozen=True)
class Uncalled:
    """A variant whose first call will be one of those that are timed."""

    call: Callable[[], object]
    first_ms: None = None


Ready = TypeVar("Ready", bound=Timeable)

Variants = Mapping[str, Callable[[], Prepared]]
"""Each variant of a network by its name, to be made ready."""


@dataclass(frozen=True)
class OtherVariant:
    """A variant that was not measured further: slower by a ratio, or why it does not run."""

    name: str
    ratio: float | None
    """Its time over that of the fastest variant."""
    reason: str | None


@dataclass(frozen=True)
class FastestVariant(Generic[Ready]):
    """The fastest variant, ready to be called, and what was found of the others."""

    name: str
    prepared: Ready
    others: tuple[OtherVariant, ...]


def fastest_variant(
    variants: Mapping[str, Callable[[], Ready]], clock: Clock, max_seconds: float
) -> FastestVariant[Ready]:
    """Return the fastest of `variants` by `clock`, after `max_seconds` of timing.

    Each is made ready by its function in `variants`. A single one is not timed.

    Raises:
        Exception: that of the first variant, if no variant runs.
    """
    prepared: dict[str, Ready] = {}
    failures: dict[str, Exception] = {}
    for name, prepare in variants.items():
        try:
            prepared[name] = prepare()
        except Exception as error:  # each runtime has errors of its own
            failures[name] = error
    if not prepared:
        raise next(iter(failures.values()))
    times_ms = _times_ms(prepared, clock, max_seconds)
    fastest = min(prepared, key=times_ms.__getitem__)
    others = tuple(
        OtherVariant(name, times_ms[name] / times_ms[fastest], None)
        if name in prepared
        else OtherVariant(name, None, reason_of(failures[name]))
        for name in variants
        if name != fastest
    )
    return FastestVariant(fastest, prepared[fastest], others)


def _times_ms(
    prepared: Mapping[str, Timeable], clock: Clock, max_seconds: float
) -> Mapping[str, float]:
    times_ms = {name: ready.first_ms or 0.0 for name, ready in prepared.items()}
    # What is set up in a first call takes less than that; in plain loops a call takes minutes.
    hopeless_ms = max(1000 * max_seconds, HOPELESS * min(times_ms.values()))
    timed = [name for name, first_ms in times_ms.items() if first_ms <= hopeless_ms]
    if len(timed) > 1:
        calls = [prepared[name].call for name in timed]
        again_ms = time_in_turn(calls, max_seconds=max_seconds, clock=clock)
        times_ms |= dict(zip(timed, again_ms, strict=True))
    return times_ms
