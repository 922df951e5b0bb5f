"""Networks of this machine, built, made ready and measured by the process that asks."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from blocks import forms_of, in_form
from profilers.device import describe_device
from profilers.fastest_form import FastestForm, Forms, fastest_form
from profilers.machine import Description
from profilers.memory import peak_memory_of_calls_mib
from profilers.preparation import prepare_checked
from profilers.prepared import Prepared
from profilers.reference import ReferenceNetwork
from profilers.runtimes import RUNTIMES
from profilers.subject import Subject
from profilers.targets import Target

_WEIGHTS_SEED = 0


class Networks:
    """What a process on this machine measures; a subject is the JSON of a `Subject`."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def describe(self) -> Description:
        return describe_device()

    def reference(self, message: Mapping[str, Any]) -> Prepared:
        return prepare_checked(seeded_reference(), self._target)

    def forms(self, subject: Mapping[str, Any]) -> Forms:
        return _forms(Subject.from_json(subject), self._target)

    def peak_memory_mib(self, subject: Mapping[str, Any]) -> float:
        wanted = Subject.from_json(subject)
        form = wanted.form or forms_of(wanted.config)[0]
        # Not compared with eager, whose memory would be taken for this runtime's.
        runtime = RUNTIMES[self._target.runtime]
        call = runtime.prepare(in_form(wanted.network(), form), self._target)
        return peak_memory_of_calls_mib(call, self._target.device)


def seeded_reference() -> ReferenceNetwork:
    """Return the reference network with weights that are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_WEIGHTS_SEED)
        return ReferenceNetwork()


def form_names(subject: Subject) -> tuple[str, ...]:
    """Return the one form that `subject` asks for, or all that its network has."""
    return (subject.form,) if subject.form is not None else tuple(forms_of(subject.config))


def prepare_fastest_form(subject: Subject, target: Target, max_seconds: float) -> FastestForm:
    """Return the form that `subject` asks for, or the fastest after `max_seconds` of timing.

    Raises:
        ValueError: the subject asks for a form that its network does not have.
        ProfilingFailed: no form runs on the target.
    """
    return fastest_form(_forms(subject, target), target, max_seconds)


def _forms(subject: Subject, target: Target) -> Forms:
    network = subject.network()

    def prepare(name: str) -> Prepared:
        return prepare_checked(in_form(network, name), target)

    return {name: partial(prepare, name) for name in form_names(subject)}
