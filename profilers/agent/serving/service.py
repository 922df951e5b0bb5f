"""The measurements that a process makes on request, wherever its networks come from."""

import dataclasses
import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, Protocol, TypeVar

from profilers.agent.cores import on_core
from profilers.agent.failure import reason_of
from profilers.agent.fastest_variant import (
    VARIANTS_SHARE,
    FastestVariant,
    Variants,
    fastest_variant,
)
from profilers.agent.machine import Description
from profilers.agent.prepared_network import Prepared, PreparedCall
from profilers.agent.serving.messages import (
    Answer,
    Calibrate,
    Compare,
    ComparedTimes,
    Describe,
    Described,
    Done,
    Failure,
    MakeReady,
    Measure,
    Measured,
    MeasureMemory,
    OneVariant,
    PeakMemory,
    Repeat,
    Request,
    StartPartner,
    StoredVariant,
    Sustain,
    Sustained,
)
from profilers.agent.timing.calls_in_turn import TimeEstimate, compare, time_alone
from profilers.agent.timing.clock import Clock
from profilers.agent.timing.concurrent_calls import Calls, over_after, repeat
from profilers.agent.timing.crossover import CANDIDATE, REFERENCE, compare_across
from profilers.agent.timing.partner import Partner
from profilers.agent.timing.probes import QuietLevel, prober
from profilers.agent.timing.ratio import PRECISION, RatioEstimate
from profilers.agent.timing.sustained_times import time_sustained

N_contra = TypeVar("N_contra", contravariant=True)
N = TypeVar("N")


class Source(Protocol[N_contra]):
    """Where the networks come from: built here, or exported elsewhere."""

    def describe(self) -> Description:
        """Return what machine this is."""

    def clock(self) -> tuple[str, Clock]:
        """Return the name of the clock that times these networks, and the clock."""

    def reference(self, stored: StoredVariant | None) -> Prepared:
        """Return the reference network, built or from where it is stored, ready and checked."""

    def variants(self, subject: N_contra) -> Variants:
        """Return the variants in which `subject` may be measured."""

    def peak_memory_mib(self, subject: N_contra) -> float:
        """Return the peak memory of `subject`, in a process that has run nothing before."""


class Service(Generic[N]):
    """Answers requests; the reference network is prepared once and kept.

    Where processor time is the clock, networks are compared across this process and `partner`
    (timing/crossover.py), elsewhere in turn in this one (timing/calls_in_turn.py).
    """

    def __init__(self, source: Source[N], partner: Partner) -> None:
        self._source = source
        self._partner = partner
        self._reference: Prepared | None = None
        self._ready: dict[str, PreparedCall] = {}
        self._stopped = threading.Event()
        self._quiet = QuietLevel()
        self._clock_name, self._clock = source.clock()

    def answer(self, request: Request[N]) -> Answer:
        """Return the measurement asked for, or the error that prevented it in one line."""
        try:
            return self._answer(request)
        except Exception as error:
            return Failure(reason_of(error))

    def stop(self) -> None:
        """End what `Repeat` does, now or when it begins, after a call."""
        self._stopped.set()

    def _answer(self, request: Request[N]) -> Answer:
        match request:
            case Describe():
                return Described(self._source.describe())
            case StartPartner():
                return self._start_partner()
            case Calibrate():
                return self._calibrate(request)
            case Measure():
                return self._measure(request)
            case Compare():
                return self._compare(request)
            case Sustain():
                return self._sustain(request)
            case MeasureMemory():
                return PeakMemory(self._source.peak_memory_mib(request.subject))
            case MakeReady():
                return self._make_ready(request)
            case Repeat():
                return self._repeat(request)

    def _start_partner(self) -> Done:
        if self._clock_name == "cpu":
            self._partner.start()
        return Done()

    def _calibrate(self, request: Calibrate) -> TimeEstimate:
        return time_alone(
            self._prepared_reference(request.reference).call,
            max_seconds=request.max_seconds,
            clock=self._clock,
            prober=prober() if self._clock_name == "cpu" else None,
        )

    def _measure(self, request: Measure[N]) -> Measured:
        fastest = self._fastest(request.subject, request.max_seconds)
        reference = self._prepared_reference(request.reference)
        candidate = OneVariant(request.subject, fastest.name)
        estimate = self._ratio(
            fastest.prepared,
            reference,
            MakeReady(candidate, reference=request.reference),
            max_seconds=request.max_seconds,
            precision=PRECISION,
        )
        return Measured(
            estimate,
            fastest.prepared.prepare_seconds,
            fastest.prepared.max_difference,
            fastest.name,
            fastest.others,
        )

    def _compare(self, request: Compare[N]) -> ComparedTimes:
        fastest = self._fastest(request.subject, request.max_seconds)
        candidate = OneVariant(request.subject, fastest.name)
        if request.other == request.subject:
            other, prepared = candidate, self._prepared(candidate)
        else:
            its_fastest = self._fastest(request.other, request.max_seconds)
            other = OneVariant(request.other, its_fastest.name)
            prepared = its_fastest.prepared
        estimate = self._ratio(
            fastest.prepared,
            prepared,
            MakeReady(candidate, other),
            max_seconds=request.max_seconds,
            precision=PRECISION / 2,
        )
        return ComparedTimes(estimate, candidate.variant, other.variant)

    def _sustain(self, request: Sustain[N]) -> Sustained:
        fastest = self._fastest(request.subject, request.seconds)
        call = fastest.prepared.call
        times = time_sustained(call, seconds=request.seconds, clock=self._clock)
        return Sustained(fastest.name, times)

    def _ratio(
        self,
        candidate: Prepared,
        reference: Prepared,
        same_for_partner: MakeReady[N],
        *,
        max_seconds: float,
        precision: float,
    ) -> RatioEstimate:
        if self._clock_name == "cpu":
            self._partner.make_ready(same_for_partner)
            timed: Callable[..., RatioEstimate] = partial(
                compare_across, self._partner, quiet=self._quiet
            )
        else:
            timed = compare
        estimate = timed(
            candidate.call,
            reference.call,
            max_seconds=max_seconds * (1 - VARIANTS_SHARE),
            precision=precision,
            clock=self._clock,
        )
        # Being compared with eager was the first call.
        return dataclasses.replace(estimate, candidate_first_ms=candidate.first_ms)

    def _make_ready(self, request: MakeReady[N]) -> Done:
        if request.other is None:
            reference = self._prepared_reference(request.reference)
        else:
            reference = self._prepared(request.other)
        candidate = self._prepared(request.candidate)
        self._ready = {CANDIDATE: candidate.call, REFERENCE: reference.call}
        return Done()

    def _repeat(self, request: Repeat) -> Calls:
        seconds = request.seconds
        is_over = self._stopped.is_set if seconds is None else over_after(seconds)
        with on_core(request.core):
            calls = repeat(self._ready[request.network], self._clock, is_over)
        self._stopped.clear()
        return calls

    def _prepared_reference(self, stored: StoredVariant | None) -> Prepared:
        if self._reference is None:
            self._reference = self._source.reference(stored)
        return self._reference

    def _prepared(self, chosen: OneVariant[N]) -> Prepared:
        return self._source.variants(chosen.network)[chosen.variant]()

    def _fastest(self, network: N, max_seconds: float) -> FastestVariant[Prepared]:
        variants = self._source.variants(network)
        return fastest_variant(variants, self._clock, VARIANTS_SHARE * max_seconds)
