"""Networks of this machine, built, made ready and measured by the process that asks."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from blocks import in_variant, variants_of
from blocks.random_weights import seeded
from profilers.agent.fastest_variant import FastestVariant, Variants, fastest_variant
from profilers.agent.machine import Description
from profilers.agent.prepared import Prepared
from profilers.agent.targets import Target
from profilers.agent.timing.clock import Clock
from profilers.clock import clock_of
from profilers.device import describe_device
from profilers.host.memory import peak_memory_of_calls_mib
from profilers.preparation import prepare_checked
from profilers.reference import ReferenceNetwork
from profilers.runtimes.registry import RUNTIMES
from profilers.subject import WEIGHTS_SEED, Subject


class Networks:
    """What a process on this machine measures; a subject is the JSON of a `Subject`."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def describe(self) -> Description:
        return describe_device()

    def clock(self) -> tuple[str, Clock]:
        return clock_of(self._target)

    def reference(self, message: Mapping[str, Any]) -> Prepared:
        return prepare_checked(seeded_reference(), self._target)

    def variants(self, subject: Mapping[str, Any]) -> Variants:
        return _variants(Subject.from_json(subject), self._target)

    def peak_memory_mib(self, subject: Mapping[str, Any]) -> float:
        wanted = Subject.from_json(subject)
        variant = wanted.variant or variants_of(wanted.config)[0]
        # Not compared with eager, whose memory would be taken for this runtime's.
        runtime = RUNTIMES[self._target.runtime]
        call = runtime.prepare(in_variant(wanted.network(), variant), self._target)
        return peak_memory_of_calls_mib(call, self._target.device)


def seeded_reference() -> ReferenceNetwork:
    """Return the reference network with weights that are always the same."""
    with seeded(WEIGHTS_SEED):
        return ReferenceNetwork()


def variant_names(subject: Subject) -> tuple[str, ...]:
    """Return the one variant that `subject` asks for, or all that its network has."""
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


def _variants(subject: Subject, target: Target) -> Variants:
    network = subject.network()

    def prepare(name: str) -> Prepared:
        return prepare_checked(in_variant(network, name), target)

    return {name: partial(prepare, name) for name in variant_names(subject)}
