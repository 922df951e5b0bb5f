"""Latency of networks on a target, in the reference network's time and in milliseconds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

from foundation.listener import SILENT, Listener
from profilers.agent.fastest_variant import OtherVariant
from profilers.agent.machine import Description
from profilers.agent.serving.messages import (
    Calibrate,
    Compare,
    ComparedTimes,
    Describe,
    Described,
    Done,
    Measure,
    Measured,
    StartPartner,
    Sustain,
    Sustained,
)
from profilers.agent.timing.calls_in_turn import TimeEstimate, require_positive
from profilers.agent.timing.ratio import RatioEstimate
from profilers.host.child import START_SECONDS, Child
from profilers.host.reference import REFERENCE_NAME
from profilers.host.subject import Bicubic, Subject, Timed
from profilers.runtimes.clock import clock_of
from profilers.runtimes.registry import require_available
from profilers.runtimes.targets import Target

# A worker may exceed its budget by preparing, and by the few calls of every measurement.
GRACE_SECONDS = 300.0
# glibc gives large blocks back to the system and faults them in anew, at each call or never,
# as the heap happens to lie: up to 19,000 faults and 20 % of the time of one network. A process
# that keeps its memory repeats: none, and a network against itself within 0.5 %.
KEEP_FREED_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**62), "MALLOC_MMAP_MAX_": "0"}


@dataclass(frozen=True)
class Calibration:
    """What one call of the reference network takes on a target.

    JSON-able by `dataclasses.asdict` and back by `Calibration(**data)`. Latencies that are to
    be compared share one calibration: it turns their ratios into milliseconds. `clock` says
    what times calls on this target (see profilers/runtimes/clock.py), and `quiet_share` how many
    of the `repeats` met a quiet machine, where that can be told.
    """

    target: str
    reference: str
    reference_ms: float
    clock: str
    repeats: int
    quiet_share: float | None = None


def with_present_names(stored: object) -> object:
    """The stored fields of a calibration, in which `quiet_share` was once called `calm_share`."""
    if not isinstance(stored, Mapping):
        return stored
    return {"quiet_share" if key == "calm_share" else key: stored[key] for key in stored}


@dataclass(frozen=True)
class Latency:
    """Time of one call: `latency_ratio` is measured against the reference network, and
    milliseconds are that ratio times the calibrated time of the reference.

    The interval bounds the ratio with 95 % confidence; `first_ms` and `p90_ms` (nine calls of
    ten were faster) are plain times. `repeats` counts the timed calls, `reference_spread` tells
    how noisy the machine was, and the last three how it was while those ratios were measured
    that count (see `RatioEstimate`). `prepare_seconds` is the elapsed time of conversion, export
    and compilation before the first call, and `max_difference` the largest of an output value
    from eager's in float32 (see `Prepared`); both are None for what is not a network. `variant` is
    the variant of the network that was timed, and `other_variants` what is known of those that were
    left, if the choice was free.
    """

    latency_ms: float
    latency_ci_low_ms: float
    latency_ci_high_ms: float
    latency_ratio: float
    first_ms: float
    p90_ms: float
    repeats: int
    reference_spread: float
    prepare_seconds: float | None
    max_difference: float | None
    variant: str | None = None
    other_variants: tuple[OtherVariant, ...] = ()
    quiet_share: float | None = None
    compute_probe_ms: float | None = None
    copy_probe_ms: float | None = None


class LatencyMeter:
    """Times networks on one target, in a process of its own that runs until `close`.

    For a target on another machine, that process builds and exports the networks and sends them to
    a second one there, which measures; see forwarder.py.

    Every method starts the process if necessary, also after a failure. It raises ProfilingFailed if
    the network cannot be run, its output differs from eager's, or the process dies or hangs: it is
    ended `grace_seconds` after the `max_seconds` for timing, time in which the network must be made
    ready.

    Raises:
        ValueError: the target cannot be measured from this machine.
    """

    def __init__(self, target: Target, listener: Listener = SILENT) -> None:
        """`listener` hears how far the timing of a network is, in seconds of those it may take."""
        require_available(target)
        self.target = target
        self._listener = listener
        self._child = Child(target, KEEP_FREED_MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the processes, unless they run; else the first measurement does."""
        self._child.request(StartPartner(), Done, START_SECONDS)

    def calibrate(
        self, max_seconds: float = 10.0, *, grace_seconds: float = GRACE_SECONDS
    ) -> Calibration:
        """Return the reference's own time: the median of calls on a quiet machine, if enough are.

        They are made for `max_seconds`. What else slows the machine cannot be told where several
        threads or a GPU are timed; all calls count there.
        """
        require_positive(max_seconds=max_seconds)
        question = Calibrate(max_seconds)
        with self._shown("timing the reference network", max_seconds) as on_wait:
            timeout_seconds = max_seconds + grace_seconds
            alone = self._child.request(question, TimeEstimate, timeout_seconds, on_wait)
        return Calibration(
            target=str(self.target),
            reference=REFERENCE_NAME,
            reference_ms=alone.median_ms,
            clock=clock_of(self.target)[0],
            repeats=alone.repeats,
            quiet_share=alone.quiet_share,
        )

    def measure(
        self,
        subject: Timed,
        calibration: Calibration,
        *,
        max_seconds: float,
        grace_seconds: float = GRACE_SECONDS,
    ) -> Latency:
        """Return the latency of a network, in its fastest variant unless the subject names one.

        Raises:
            ValueError: the calibration belongs to another target or reference, the subject has no
                program for an int8 target, or it is bicubic and the target another machine.
        """
        _require_calibration_of(self.target, calibration)
        require_positive(max_seconds=max_seconds)
        subject.require_runs_on(self.target)
        self.start()
        question = Measure(subject.design(), max_seconds)
        with self._shown(f"timing {subject.name}", max_seconds) as on_wait:
            timeout_seconds = max_seconds + grace_seconds
            measured = self._child.request(question, Measured, timeout_seconds, on_wait)
        if isinstance(subject, Bicubic):
            return _latency(measured.estimate, calibration)
        return _latency(
            measured.estimate,
            calibration,
            prepare_seconds=measured.prepare_seconds,
            max_difference=measured.max_difference,
            variant=measured.variant,
            other_variants=measured.other_variants,
        )

    def compare(self, subject: Timed, other: Timed, *, max_seconds: float) -> ComparedTimes:
        """Return the time of `subject` over that of `other`.

        Two that are the same are timed in the same variant; the interval gets narrower than that
        of `measure`, since small differences are what is asked for.
        """
        require_positive(max_seconds=max_seconds)
        for each in (subject, other):
            each.require_runs_on(self.target)
        return self._compare(subject, other, max_seconds)

    def compare_with_float32(self, subject: Subject, *, max_seconds: float) -> ComparedTimes:
        """Return the time of a quantised program over that of its network in float32.

        The network runs on the same runtime, in its fastest variant.
        """
        require_positive(max_seconds=max_seconds)
        subject.require_runs_on(self.target)
        return self._compare(subject, replace(subject, program=None), max_seconds)

    def sustain(self, subject: Subject, *, seconds: float) -> Sustained:
        """Return what happens to the time of `subject` that runs for `seconds` without a pause."""
        require_positive(seconds=seconds)
        subject.require_runs_on(self.target)
        question = Sustain(subject.design(), seconds)
        return self._child.request(question, Sustained, seconds + GRACE_SECONDS)

    def describe_device(self) -> Description:
        """Return what machine measures."""
        return self._child.request(Describe(), Described, GRACE_SECONDS).device

    def close(self) -> None:
        """End the process."""
        self._child.close()

    @contextmanager
    def _shown(self, text: str, max_seconds: float) -> Iterator[Callable[[float], None]]:
        """Yield what shows by the seconds that have passed how far something is."""
        total = max(1, round(max_seconds))
        self._listener.progress(0, total, text)
        try:
            yield lambda passed: self._listener.progress(min(int(passed), total), total, text)
        finally:
            self._listener.progress(total, total, text)

    def _compare(self, subject: Timed, other: Timed, max_seconds: float) -> ComparedTimes:
        self.start()
        question = Compare(subject.design(), other.design(), max_seconds)
        return self._child.request(question, ComparedTimes, max_seconds + GRACE_SECONDS)


def _latency(
    estimate: RatioEstimate,
    calibration: Calibration,
    *,
    prepare_seconds: float | None = None,
    max_difference: float | None = None,
    variant: str | None = None,
    other_variants: tuple[OtherVariant, ...] = (),
) -> Latency:
    return Latency(
        latency_ms=estimate.ratio * calibration.reference_ms,
        latency_ci_low_ms=estimate.ci_low * calibration.reference_ms,
        latency_ci_high_ms=estimate.ci_high * calibration.reference_ms,
        latency_ratio=estimate.ratio,
        first_ms=estimate.candidate_first_ms,
        p90_ms=estimate.candidate_p90_ms,
        repeats=estimate.repeats,
        reference_spread=estimate.reference_spread,
        prepare_seconds=prepare_seconds,
        max_difference=max_difference,
        variant=variant,
        other_variants=other_variants,
        quiet_share=estimate.quiet_share,
        compute_probe_ms=estimate.compute_probe_ms,
        copy_probe_ms=estimate.copy_probe_ms,
    )


def _require_calibration_of(target: Target, calibration: Calibration) -> None:
    if (calibration.target, calibration.reference) != (str(target), REFERENCE_NAME):
        raise ValueError(
            f"the calibration must be of {REFERENCE_NAME} on {target}, got "
            f"{calibration.reference} on {calibration.target}; calibrate this target"
        )
