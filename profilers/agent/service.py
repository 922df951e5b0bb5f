"""What a measuring process can be asked, wherever it runs and wherever its networks come from."""

import dataclasses
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from profilers.agent.cores import on_core
from profilers.agent.failure import reason_of
from profilers.agent.fastest_variant import (
    VARIANTS_SHARE,
    FastestVariant,
    Variants,
    fastest_variant,
)
from profilers.agent.machine import Description
from profilers.agent.prepared import Prepared, PreparedCall
from profilers.agent.timing.clock import Clock
from profilers.agent.timing.crossover import CANDIDATE, REFERENCE, compare_across
from profilers.agent.timing.in_turn import compare, time_alone
from profilers.agent.timing.partner import Partner
from profilers.agent.timing.probes import QuietLevel, prober
from profilers.agent.timing.ratio import PRECISION, RatioEstimate
from profilers.agent.timing.simultaneous import over_after, repeat
from profilers.agent.timing.sustained import time_sustained

Message = Mapping[str, Any]
Answer = dict[str, Any]


class Source(Protocol):
    """Where the networks come from: built here, or exported elsewhere."""

    def describe(self) -> Description:
        """Return what machine this is."""

    def clock(self) -> tuple[str, Clock]:
        """Return the name of the clock that times these networks, and the clock."""

    def reference(self, message: Message) -> Prepared:
        """Return the reference network for `message`, made ready and checked."""

    def variants(self, subject: Mapping[str, Any]) -> Variants:
        """Return the variants in which `subject` may be measured."""

    def peak_memory_mib(self, subject: Mapping[str, Any]) -> float:
        """Return the peak memory of `subject`, in a process that has run nothing before."""


class Service:
    """Answers messages; the reference stays prepared from its first use on.

    Where processor time is the clock, networks are compared across this process and `partner`
    (timing/crossover.py), elsewhere in turn in this one (timing/in_turn.py).
    """

    def __init__(self, source: Source, partner: Partner) -> None:
        self._source = source
        self._partner = partner
        self._reference: Prepared | None = None
        self._ready: dict[str, PreparedCall] = {}
        self._stopped = threading.Event()
        self._quiet = QuietLevel()
        self._clock_name, self._clock = source.clock()

    def answer(self, message: Message) -> Answer:
        """Return the measurement asked for, or the error that prevented it in one line."""
        actions: Mapping[str, Callable[[Message], Answer]] = {
            "describe": self._describe,
            "calibrate": self._calibrate,
            "start_partner": self._start_partner,
            "measure": self._measure,
            "compare": self._compare,
            "make_ready": self._make_ready,
            "repeat": self._repeat,
            "sustain": self._sustain,
            "memory": self._memory,
        }
        try:
            return actions[message["do"]](message)
        except Exception as error:
            return {"error": reason_of(error)}

    def stop(self) -> None:
        """End what "repeat" does, now or when it begins, after a call."""
        self._stopped.set()

    def _describe(self, message: Message) -> Answer:
        return {"device": self._source.describe()}

    def _calibrate(self, message: Message) -> Answer:
        call = self._prepared_reference(message).call
        estimate = time_alone(
            call,
            max_seconds=message["max_seconds"],
            clock=self._clock,
            prober=prober() if self._clock_name == "cpu" else None,
        )
        return dataclasses.asdict(estimate)

    def _start_partner(self, message: Message) -> Answer:
        """Start what "measure" and "compare" need, so that it takes none of their time."""
        if self._clock_name == "cpu":
            self._partner.start()
        return {}

    def _measure(self, message: Message) -> Answer:
        variant = self._fastest("subject", message)
        return self._ratio(variant, self._prepared_reference(message), message, PRECISION)

    def _compare(self, message: Message) -> Answer:
        variant = self._fastest("subject", message)
        if message["other"] == message["subject"]:
            message = {**message, "other_variant": variant.name}
        other = self._fastest("other", message)
        message = {**message, "other_variant": other.name}
        answer = self._ratio(variant, other.prepared, message, PRECISION / 2)
        return {**answer, "other_variant": other.name}

    def _sustain(self, message: Message) -> Answer:
        variant = self._fastest("subject", message)
        seconds = message["max_seconds"]
        times = time_sustained(variant.prepared.call, seconds=seconds, clock=self._clock)
        return {"times": dataclasses.asdict(times), "variant": variant.name}

    def _ratio(
        self,
        variant: FastestVariant[Prepared],
        reference: Prepared,
        message: Message,
        precision: float,
    ) -> Answer:
        candidate = variant.prepared
        max_seconds = message["max_seconds"] * (1 - VARIANTS_SHARE)
        if self._clock_name == "cpu":
            self._partner.make_ready({**message, "subject_variant": variant.name})
            timed: Callable[..., RatioEstimate] = partial(
                compare_across, self._partner, quiet=self._quiet
            )
        else:
            timed = compare
        estimate = timed(
            candidate.call,
            reference.call,
            max_seconds=max_seconds,
            precision=precision,
            clock=self._clock,
        )
        # Being compared with eager was the first call.
        estimate = dataclasses.replace(estimate, candidate_first_ms=candidate.first_ms)
        return {
            "estimate": dataclasses.asdict(estimate),
            "prepare_seconds": candidate.prepare_seconds,
            "max_difference": candidate.max_difference,
            "variant": variant.name,
            "other_variants": [dataclasses.asdict(other) for other in variant.others],
        }

    def _make_ready(self, message: Message) -> Answer:
        """Prepare both networks of a comparison that another process makes."""
        reference = (
            self._fastest("other", message).prepared
            if "other" in message
            else self._prepared_reference(message)
        )
        candidate = self._fastest("subject", message).prepared
        self._ready = {CANDIDATE: candidate.call, REFERENCE: reference.call}
        return {}

    def _repeat(self, message: Message) -> Answer:
        """Call one of the networks made ready for some seconds, or else until `stop`."""
        seconds = message["seconds"]
        is_over = self._stopped.is_set if seconds is None else over_after(seconds)
        with on_core(message["core"]):
            calls = repeat(self._ready[message["network"]], self._clock, is_over)
        self._stopped.clear()
        return dataclasses.asdict(calls)

    def _memory(self, message: Message) -> Answer:
        return {"peak_memory_mib": self._source.peak_memory_mib(message["subject"])}

    def _prepared_reference(self, message: Message) -> Prepared:
        if self._reference is None:
            self._reference = self._source.reference(message)
        return self._reference

    def _fastest(self, which: str, message: Message) -> FastestVariant[Prepared]:
        """Return the fastest variant of one network, or the one that `message` names for it."""
        variants = self._source.variants(message[which])
        variant = message.get(f"{which}_variant")
        if variant is not None:
            variants = {variant: variants[variant]}
        return fastest_variant(variants, self._clock, VARIANTS_SHARE * message["max_seconds"])
