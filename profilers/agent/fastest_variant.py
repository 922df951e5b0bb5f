"""Which variant of a network is the fastest on a target."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from profilers.agent.failure import reason_of
from profilers.agent.prepared import Prepared
from profilers.agent.timing.clock import Clock
from profilers.agent.timing.in_turn import time_in_turn

VARIANTS_SHARE = 0.2
"""Of the time for timing a network, what the choice among its variants gets."""

HOPELESS = 5.0
"""A variant whose first call takes so many times the shortest, and longer than the choice may, is
not called again."""

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
class FastestVariant:
    """The fastest variant, ready on the target, and what was found of the others."""

    name: str
    prepared: Prepared
    others: tuple[OtherVariant, ...]


def fastest_variant(variants: Variants, clock: Clock, max_seconds: float) -> FastestVariant:
    """Return the fastest of `variants` by `clock`, after `max_seconds` of timing.

    Raises:
        Exception: that of the first variant, if no variant runs.
    """
    prepared: dict[str, Prepared] = {}
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


def _times_ms(prepared: dict[str, Prepared], clock: Clock, max_seconds: float) -> dict[str, float]:
    times_ms = {name: ready.first_ms for name, ready in prepared.items()}
    # What is set up in a first call takes less than that; in plain loops a call takes minutes.
    hopeless_ms = max(1000 * max_seconds, HOPELESS * min(times_ms.values()))
    timed = [name for name, first_ms in times_ms.items() if first_ms <= hopeless_ms]
    if len(timed) > 1:
        calls = [prepared[name].call for name in timed]
        again_ms = time_in_turn(calls, max_seconds=max_seconds, clock=clock)
        times_ms |= dict(zip(timed, again_ms, strict=True))
    return times_ms
