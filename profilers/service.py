"""What a measuring process can be asked, wherever it runs and wherever its networks come from."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from profilers.clock import clock_of
from profilers.failure import reason_of
from profilers.fastest_form import FORMS_SHARE, FastestForm, Forms, fastest_form
from profilers.machine import Description
from profilers.prepared import Prepared
from profilers.sustained import time_sustained
from profilers.targets import Target
from profilers.timing import compare, time_alone

Message = Mapping[str, Any]
Answer = dict[str, Any]


class Source(Protocol):
    """Where the networks come from: built here, or exported elsewhere."""

    def describe(self) -> Description:
        """Return what machine this is."""

    def reference(self, message: Message) -> Prepared:
        """Return the reference network for `message`, made ready and checked."""

    def forms(self, subject: Mapping[str, Any]) -> Forms:
        """Return the forms in which `subject` may be measured."""

    def peak_memory_mib(self, subject: Mapping[str, Any]) -> float:
        """Return the peak memory of `subject`, in a process that has run nothing before."""


class Service:
    """Answers messages; the reference stays prepared from its first use on."""

    def __init__(self, target: Target, source: Source) -> None:
        self._target = target
        self._source = source
        self._reference: Prepared | None = None
        _, self._clock = clock_of(target)

    def answer(self, message: Message) -> Answer:
        """Return the measurement asked for, or the error that prevented it in one line."""
        actions: Mapping[str, Callable[[Message], Answer]] = {
            "describe": self._describe,
            "calibrate": self._calibrate,
            "measure": self._measure,
            "compare": self._compare,
            "sustain": self._sustain,
            "memory": self._memory,
        }
        try:
            return actions[message["do"]](message)
        except Exception as error:
            return {"error": reason_of(error)}

    def _describe(self, message: Message) -> Answer:
        return {"device": self._source.describe()}

    def _calibrate(self, message: Message) -> Answer:
        call = self._prepared_reference(message).call
        estimate = time_alone(call, max_seconds=message["max_seconds"], clock=self._clock)
        return dataclasses.asdict(estimate)

    def _measure(self, message: Message) -> Answer:
        candidate = self._fastest("subject", message)
        return self._ratio(candidate, self._prepared_reference(message), message)

    def _compare(self, message: Message) -> Answer:
        candidate = self._fastest("subject", message)
        return self._ratio(candidate, self._fastest("other", message).prepared, message)

    def _sustain(self, message: Message) -> Answer:
        form = self._fastest("subject", message)
        seconds = message["max_seconds"]
        times = time_sustained(form.prepared.call, seconds=seconds, clock=self._clock)
        return {"times": dataclasses.asdict(times), "form": form.name}

    def _ratio(self, form: FastestForm, reference: Prepared, message: Message) -> Answer:
        candidate = form.prepared
        estimate = compare(
            candidate.call,
            reference.call,
            max_seconds=message["max_seconds"],
            clock=self._clock,
        )
        # Being compared with eager was the first call.
        estimate = dataclasses.replace(estimate, candidate_first_ms=candidate.first_ms)
        return {
            "estimate": dataclasses.asdict(estimate),
            "prepare_seconds": candidate.prepare_seconds,
            "max_difference": candidate.max_difference,
            "form": form.name,
            "other_forms": [dataclasses.asdict(other) for other in form.others],
        }

    def _memory(self, message: Message) -> Answer:
        return {"peak_memory_mib": self._source.peak_memory_mib(message["subject"])}

    def _prepared_reference(self, message: Message) -> Prepared:
        if self._reference is None:
            self._reference = self._source.reference(message)
        return self._reference

    def _fastest(self, which: str, message: Message) -> FastestForm:
        forms = self._source.forms(message[which])
        return fastest_form(forms, self._target, FORMS_SHARE * message["max_seconds"])
