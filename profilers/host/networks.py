"""Networks that this process builds, prepares and measures itself."""

from functools import partial

from blocks import in_variant, variants_of
from blocks.random_weights import seeded
from profilers.agent.fastest_variant import FastestVariant, Variants, fastest_variant
from profilers.agent.machine import Description
from profilers.agent.prepared_network import Prepared
from profilers.agent.serving.messages import StoredVariant
from profilers.agent.timing.clock import Clock, call_ms
from profilers.host.device import describe_device
from profilers.host.memory import peak_memory_of_calls_mib
from profilers.host.reference import ReferenceNetwork
from profilers.host.subject import BICUBIC, WEIGHTS_SEED, Bicubic, Design, Subject
from profilers.runtimes.clock import clock_of
from profilers.runtimes.preparation import prepare_checked, prepare_quantised, quantised_call
from profilers.runtimes.registry import RUNTIMES
from profilers.runtimes.targets import Target

QUANTISED = "int8"
"""What stands for the variant where a quantised program runs."""


class Networks:
    """A `Source` of the networks whose designs are given."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def describe(self) -> Description:
        return describe_device()

    def clock(self) -> tuple[str, Clock]:
        return clock_of(self._target)

    def reference(self, stored: StoredVariant | None) -> Prepared:
        return prepare_checked(seeded_reference(), self._target.of_reference)

    def variants(self, subject: Design) -> Variants:
        if subject.config["family"] == BICUBIC:
            bicubic = Bicubic(subject.config["scale"])
            return {BICUBIC: partial(_prepare_bicubic, bicubic, self._target)}
        return _variants(Subject.of(subject), self._target)

    def peak_memory_mib(self, subject: Design) -> float:
        wanted = Subject.of(subject)
        if wanted.program is not None:
            call = quantised_call(wanted.program, wanted.network(), self._target)
            return peak_memory_of_calls_mib(call, self._target.device)
        variant = wanted.variant or variants_of(wanted.config)[0]
        # Not compared with eager, whose memory would count as this runtime's.
        runtime = RUNTIMES[self._target.runtime]
        call = runtime.prepare(in_variant(wanted.network(), variant), self._target)
        return peak_memory_of_calls_mib(call, self._target.device)


def seeded_reference() -> ReferenceNetwork:
    """Return the reference network with weights that are always the same."""
    with seeded(WEIGHTS_SEED):
        return ReferenceNetwork()


def variant_names(subject: Subject) -> tuple[str, ...]:
    """Return the one variant that `subject` asks for, or all that its network has.

    A quantised program is one of its own.
    """
    if subject.program is not None:
        return (QUANTISED,)
    return (subject.variant,) if subject.variant is not None else tuple(variants_of(subject.config))


def prepare_fastest_variant(
    subject: Subject, target: Target, max_seconds: float
) -> FastestVariant[Prepared]:
    """Return the variant that `subject` asks for, or the fastest after `max_seconds` of timing.

    Raises:
        ValueError: the subject asks for a variant that its network does not have.
        ProfilingFailed: no variant runs on the target.
    """
    _, clock = clock_of(target)
    return fastest_variant(_variants(subject, target), clock, max_seconds)


def _prepare_bicubic(bicubic: Bicubic, target: Target) -> Prepared:
    _, clock = clock_of(target)
    call = bicubic.call(target)
    return Prepared(call, prepare_seconds=0.0, first_ms=call_ms(call, clock), max_difference=0.0)


def _variants(subject: Subject, target: Target) -> Variants:
    network = subject.network()

    def prepare(name: str) -> Prepared:
        if subject.program is not None:
            return prepare_quantised(subject.program, network, target)
        return prepare_checked(in_variant(network, name), target.of_reference)

    return {name: partial(prepare, name) for name in variant_names(subject)}
