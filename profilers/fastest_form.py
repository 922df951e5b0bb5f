"""Which form of a network is the fastest on a target."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from profilers.clock import clock_of
from profilers.failure import reason_of
from profilers.prepared import Prepared
from profilers.targets import Target
from profilers.timing import time_in_turn

FORMS_SHARE = 0.2
"""Of the time for timing a network, what the choice among its forms gets."""

Forms = Mapping[str, Callable[[], Prepared]]
"""Each form of a network by its name, to be made ready."""


@dataclass(frozen=True)
class OtherForm:
    """A form that was not measured further: slower by a ratio, or why it does not run."""

    name: str
    ratio: float | None
    """Its time over that of the fastest form."""
    reason: str | None


@dataclass(frozen=True)
class FastestForm:
    """The fastest form, ready on the target, and what was found of the others."""

    name: str
    prepared: Prepared
    others: tuple[OtherForm, ...]


def fastest_form(forms: Forms, target: Target, max_seconds: float) -> FastestForm:
    """Return the fastest of `forms` after `max_seconds` of timing.

    Raises:
        Exception: that of the first form, if no form runs on the target.
    """
    prepared: dict[str, Prepared] = {}
    failures: dict[str, Exception] = {}
    for name, prepare in forms.items():
        try:
            prepared[name] = prepare()
        except Exception as error:  # each runtime has errors of its own
            failures[name] = error
    if not prepared:
        raise next(iter(failures.values()))
    times_ms = _times_ms(prepared, target, max_seconds)
    fastest = min(prepared, key=times_ms.__getitem__)
    others = tuple(
        OtherForm(name, times_ms[name] / times_ms[fastest], None)
        if name in prepared
        else OtherForm(name, None, reason_of(failures[name]))
        for name in forms
        if name != fastest
    )
    return FastestForm(fastest, prepared[fastest], others)


def _times_ms(
    prepared: dict[str, Prepared], target: Target, max_seconds: float
) -> dict[str, float]:
    if len(prepared) == 1:
        return dict.fromkeys(prepared, 1.0)
    _, clock = clock_of(target)
    calls = [ready.call for ready in prepared.values()]
    times_ms = time_in_turn(calls, max_seconds=max_seconds, clock=clock)
    return dict(zip(prepared, times_ms, strict=True))
