"""Which form of a network is the fastest on a target."""

from dataclasses import dataclass

from blocks import forms_of, in_form
from profilers.child import ProfilingFailed
from profilers.clock import clock_of
from profilers.preparation import Prepared, prepare_checked
from profilers.subject import Subject
from profilers.targets import Target
from profilers.timing import time_in_turn


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


def prepare_fastest_form(subject: Subject, target: Target, max_seconds: float) -> FastestForm:
    """Return the form that `subject` asks for, or the fastest after `max_seconds` of timing.

    Raises:
        ValueError: the subject asks for a form that its network does not have.
        ProfilingFailed: no form runs on the target.
    """
    network = subject.network()
    if subject.form is not None:
        only = prepare_checked(in_form(network, subject.form), target)
        return FastestForm(subject.form, only, ())
    names = forms_of(subject.config)
    prepared: dict[str, Prepared] = {}
    failures: dict[str, Exception] = {}
    for name in names:
        try:
            prepared[name] = prepare_checked(in_form(network, name), target)
        except Exception as error:  # each runtime has errors of its own
            failures[name] = error
    if not prepared:
        raise failures[names[0]]
    times_ms = _times_ms(prepared, target, max_seconds)
    fastest = min(prepared, key=times_ms.__getitem__)
    others = tuple(
        OtherForm(name, times_ms[name] / times_ms[fastest], None)
        if name in prepared
        else OtherForm(name, None, reason_of(failures[name]))
        for name in names
        if name != fastest
    )
    return FastestForm(fastest, prepared[fastest], others)


def reason_of(error: Exception) -> str:
    """Return an error in one line; what kind of error it is, where it does not say so itself."""
    line = " ".join(str(error).split())
    return line if isinstance(error, ProfilingFailed) else f"{type(error).__name__}: {line}"


def _times_ms(
    prepared: dict[str, Prepared], target: Target, max_seconds: float
) -> dict[str, float]:
    if len(prepared) == 1:
        return dict.fromkeys(prepared, 1.0)
    _, clock = clock_of(target)
    calls = [ready.call for ready in prepared.values()]
    times_ms = time_in_turn(calls, max_seconds=max_seconds, clock=clock)
    return dict(zip(prepared, times_ms, strict=True))
