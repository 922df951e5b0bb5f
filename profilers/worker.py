"""The process in which networks run to be measured: `python -m profilers.worker TARGET`.

Answers each line of JSON on standard input with one on standard output. Everything that a
library prints goes to standard error instead. Ends when standard input closes.
"""

import dataclasses
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import torch

from blocks import forms_of, in_form
from profilers.clock import clock_of
from profilers.fastest_form import FastestForm, prepare_fastest_form, reason_of
from profilers.memory import peak_memory_of_calls_mib
from profilers.preparation import Prepared, prepare_checked
from profilers.reference import ReferenceNetwork
from profilers.runtimes import RUNTIMES
from profilers.subject import Subject
from profilers.targets import Target
from profilers.timing import compare, time_alone

_WEIGHTS_SEED = 0

# Of the time for timing a network, what the choice among its forms gets.
_FORMS_SHARE = 0.2

Answer = dict[str, Any]


class Worker:
    """What one process can be asked; the reference stays prepared from its first use on."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._reference: Prepared | None = None
        _, self._clock = clock_of(target)

    def answer(self, message: Mapping[str, Any]) -> Answer:
        """Return the measurement asked for, or the error that prevented it in one line."""
        actions: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "calibrate": self._calibrate,
            "measure": self._measure,
            "compare": self._compare,
            "memory": self._memory,
        }
        try:
            return actions[message["do"]](message)
        except Exception as error:
            return {"error": reason_of(error)}

    def _calibrate(self, message: Mapping[str, Any]) -> Answer:
        call = self._prepared_reference().call
        estimate = time_alone(call, max_seconds=message["max_seconds"], clock=self._clock)
        return dataclasses.asdict(estimate)

    def _measure(self, message: Mapping[str, Any]) -> Answer:
        candidate = self._fastest("subject", message)
        return self._ratio(candidate, self._prepared_reference(), message)

    def _compare(self, message: Mapping[str, Any]) -> Answer:
        candidate = self._fastest("subject", message)
        return self._ratio(candidate, self._fastest("other", message).prepared, message)

    def _ratio(self, form: FastestForm, reference: Prepared, message: Mapping[str, Any]) -> Answer:
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

    def _memory(self, message: Mapping[str, Any]) -> Answer:
        # Not compared with eager, whose memory would be taken for this runtime's.
        runtime = RUNTIMES[self._target.runtime]
        subject = Subject.from_json(message["subject"])
        form = subject.form or forms_of(subject.config)[0]
        call = runtime.prepare(in_form(subject.network(), form), self._target)
        return {"peak_memory_mib": peak_memory_of_calls_mib(call, self._target.device)}

    def _prepared_reference(self) -> Prepared:
        if self._reference is None:
            torch.manual_seed(_WEIGHTS_SEED)
            self._reference = prepare_checked(ReferenceNetwork(), self._target)
        return self._reference

    def _fastest(self, which: str, message: Mapping[str, Any]) -> FastestForm:
        subject = Subject.from_json(message[which])
        return prepare_fastest_form(subject, self._target, _FORMS_SHARE * message["max_seconds"])


def main() -> None:
    """Serve until the parent closes the pipe, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = _claim_standard_output()
    target = Target.parse(sys.argv[1])
    torch.set_num_threads(target.threads)
    worker = Worker(target)
    _send(answers, {"ready": str(target)})
    for message in _messages():
        _send(answers, worker.answer(message))


def _claim_standard_output() -> BinaryIO:
    """Keep the pipe for answers and point file descriptor 1 at standard error."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answers


def _send(answers: BinaryIO, answer: Answer) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")


def _messages() -> Iterator[Mapping[str, Any]]:
    """Yield the parent's messages; a thread reads them, to notice its death in mid-measurement."""
    received: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            received.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield received.get()


if __name__ == "__main__":
    main()
