"""The requests and answers between processes, as dataclasses that `encoding` turns into JSON.

`N` is how a request names a network: by its design if the process builds it, by stored files if
it loads it.
"""

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from profilers.agent.failure import ProfilingFailed
from profilers.agent.fastest_variant import OtherVariant
from profilers.agent.machine import Description
from profilers.agent.timing.calls_in_turn import TimeEstimate
from profilers.agent.timing.concurrent_calls import Calls
from profilers.agent.timing.ratio import RatioEstimate
from profilers.agent.timing.sustained_times import SustainedTimes

N = TypeVar("N")
A = TypeVar("A")


@dataclass(frozen=True)
class StoredGraph:
    """The names of a graph's files in a `Store`; `weights` as in `Graph`."""

    model: str
    weights: str | None = None


@dataclass(frozen=True)
class StoredVariant:
    """One variant of a network, exported, or its quantised graph.

    Attributes:
        graph: where it is stored.
        images: what it is run on, as NumPy saves an array: a name in a `Store`, too.
        expected: eager's output for them; None where nothing is to be compared with it.
        export_seconds: what exporting took.
    """

    graph: StoredGraph
    images: str
    expected: str | None
    export_seconds: float


@dataclass(frozen=True)
class NotExported:
    """One variant of a network that could not be exported, and why."""

    reason: str


@dataclass(frozen=True)
class StoredNetwork:
    """A network by its variants' names."""

    variants: dict[str, StoredVariant | NotExported]


@dataclass(frozen=True)
class Describe:
    """Asks what machine this is; answered by `Described`."""


@dataclass(frozen=True)
class StartPartner:
    """Asks to start the process that `Measure` and `Compare` need, so that it takes none of their
    time; answered by `Done`."""


@dataclass(frozen=True)
class Calibrate:
    """Asks for the time of the reference network; answered by a `TimeEstimate`.

    `reference` says here and in other requests where that is stored, if not built there.
    """

    max_seconds: float
    reference: StoredVariant | None = None


@dataclass(frozen=True)
class Measure(Generic[N]):
    """Asks for the time of a network over the reference's; answered by `Measured`."""

    subject: N
    max_seconds: float
    reference: StoredVariant | None = None


@dataclass(frozen=True)
class Compare(Generic[N]):
    """Asks for the time of a network over another's; answered by `ComparedTimes`."""

    subject: N
    other: N
    max_seconds: float


@dataclass(frozen=True)
class Sustain(Generic[N]):
    """Asks what calling without a pause does to a network's time; answered by `Sustained`."""

    subject: N
    seconds: float


@dataclass(frozen=True)
class MeasureMemory(Generic[N]):
    """Asks a process that has run nothing for a network's peak memory; answered by `PeakMemory`."""

    subject: N


@dataclass(frozen=True)
class Enlarge:
    """Asks what a stored graph makes of images; answered by `Enlarged`.

    Attributes:
        images: (N, 3, h, w) float32, as NumPy saves an array, in base 64.
    """

    graph: StoredGraph
    images: str


@dataclass(frozen=True)
class OneVariant(Generic[N]):
    """A network in the variant in which it is timed."""

    network: N
    variant: str


@dataclass(frozen=True)
class MakeReady(Generic[N]):
    """Asks to prepare both networks of a comparison that another process makes, the reference
    where there is no `other`; answered by `Done`."""

    candidate: OneVariant[N]
    other: OneVariant[N] | None = None
    reference: StoredVariant | None = None


@dataclass(frozen=True)
class Repeat:
    """Asks to call one of the networks made ready; answered by `Calls`.

    Attributes:
        network: CANDIDATE or REFERENCE of timing/crossover.py.
        seconds: for how long; None for until `Stop`.
        core: where; see `cores.on_core`.
    """

    network: str
    seconds: float | None
    core: int | None


@dataclass(frozen=True)
class Stop:
    """Asks to end what `Repeat` does, now or when it begins, after a call; not answered."""


@dataclass(frozen=True)
class StoreFile:
    """Asks to append to a file; answered by `Stored`.

    Attributes:
        name: that of a `Store`.
        size_bytes: of the whole file.
        content: what to append, in base 64.
    """

    name: str
    size_bytes: int
    content: str


Question: TypeAlias = (
    Describe | StartPartner | Calibrate | Measure[N] | Compare[N] | Sustain[N] | MeasureMemory[N]
)
"""What measurements need."""
Request: TypeAlias = Question[N] | MakeReady[N] | Repeat
"""What a `Service` answers: questions, and what it asks of its partner."""


@dataclass(frozen=True)
class Ready:
    """The first message of a process: it has started."""


@dataclass(frozen=True)
class Failure:
    """Why there is no answer, in one line."""

    reason: str


@dataclass(frozen=True)
class Done:
    """It has been done."""


@dataclass(frozen=True)
class Described:
    """What machine answers."""

    device: Description


@dataclass(frozen=True)
class Measured:
    """How a network's time compares with the reference's.

    Attributes:
        prepare_seconds, max_difference: see `Prepared`.
        variant: the one that was timed.
        other_variants: those that were left, if the choice was free.
    """

    estimate: RatioEstimate
    prepare_seconds: float
    max_difference: float
    variant: str
    other_variants: tuple[OtherVariant, ...]


@dataclass(frozen=True)
class ComparedTimes:
    """The time of one network over that of another, and the variants in which they were timed."""

    estimate: RatioEstimate
    variant: str
    other_variant: str


@dataclass(frozen=True)
class Sustained:
    """How the time of a network changed while it ran without a pause, in its fastest variant."""

    variant: str
    times: SustainedTimes


@dataclass(frozen=True)
class PeakMemory:
    """The peak memory of a network's calls, in MiB."""

    peak_memory_mib: float


@dataclass(frozen=True)
class Enlarged:
    """The images that were enlarged, as `Enlarge` holds them."""

    images: str


@dataclass(frozen=True)
class Stored:
    """How many bytes of a file are stored now."""

    size_bytes: int


Answer: TypeAlias = (
    Ready
    | Failure
    | Done
    | Described
    | TimeEstimate
    | Measured
    | ComparedTimes
    | Sustained
    | PeakMemory
    | Calls
    | Enlarged
    | Stored
)


def expected(kind: type[A], answer: Answer) -> A:
    """Return `answer`, which is of `kind`.

    Raises:
        ProfilingFailed: it is a `Failure`, or another answer.
    """
    if isinstance(answer, Failure):
        raise ProfilingFailed(answer.reason)
    if not isinstance(answer, kind):
        raise ProfilingFailed(f"{kind.__name__} was expected, got {type(answer).__name__}")
    return answer
