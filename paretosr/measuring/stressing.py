"""What running without a pause does to the time of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from blocks.models import Model
from foundation.listener import SILENT, Listener
from imaging import BUNDLED
from paretosr.compressing.quantising import subject_on
from paretosr.measuring.profiling import CLOCKS
from paretosr.measuring.subjects import as_target
from paretosr.models import load
from paretosr.results import Result, Table
from profilers import LatencyMeter, Target
from profilers.agent.timing.sustained_times import SustainedTimes
from profilers.runtimes.clock import clock_of


@dataclass(frozen=True, repr=False)
class Stress(Result):
    """How the time of a model changed while it ran without a pause."""

    model: str
    scale: int
    target: str
    variant: str
    clock: str
    """What times calls: "cpu", "cuda" or "wall"."""
    times: SustainedTimes

    def to_dict(self) -> Mapping[str, object]:
        return {
            "model": self.model,
            "scale": self.scale,
            "target": self.target,
            "variant": self.variant,
            "clock": self.clock,
            **asdict(self.times),
        }

    def tables(self) -> Sequence[Table]:
        first_ms = self.times.windows[0].median_ms
        rows = tuple(
            (
                f"{window.ended_seconds:.1f}",
                f"{window.median_ms:.2f}",
                f"{window.median_ms / first_ms:.3f}",
            )
            for window in self.times.windows
        )
        headings = ("until (s)", "median (ms)", "to the first calls")
        title = (
            f"{self.model} x{self.scale} in the variant {self.variant} on {self.target}, by "
            f"{CLOCKS[self.clock]}: {self.times.repeats} calls without a pause"
        )
        return (Table(headings, rows, frozenset(headings), title),)

    def sentences(self) -> Sequence[str]:
        times = self.times
        return (
            f"the last calls take {times.slowdown:.3f} of the time of the first, 95 % interval "
            f"{times.ci_low:.3f} to {times.ci_high:.3f}",
        )


def stress(
    model: Model | str | Path,
    target: Target | str = "eager",
    *,
    seconds: float = 120.0,
    variant: str | None = None,
    calibration_images: str | Path = BUNDLED,
    listener: Listener = SILENT,
) -> Stress:
    """Return how the time of `model` changes while it runs on `target` without a pause.

    A device that gets warm clocks down: its last calls take longer than its first.

    Args:
        model: a model, or what `load` takes without a scale.
        target: RUNTIME[:key=value,...]; `targets()` lists the runtimes.
        seconds: how long the model runs, at least for six calls.
        variant: in which the network is computed; None for the fastest on the target.
        calibration_images: folder of training images, or "bundled", by which a model that is not
            quantised is quantised first if the target has precision=int8.
        listener: hears what is being done.

    Raises:
        ValueError: the model or the target is not valid, the target is missing here, its input is
            too small for the network, there is no such variant, or the model is bicubic.
        OSError: a file cannot be read.
        ProfilingFailed: a measuring process died or could not run the network. It is a
            RuntimeError.

    Examples:
        >>> import paretosr as psr
        >>> net = psr.load("fsrcnn", scale=2)
        >>> times = psr.stress(net, "eager:lr=24x32", seconds=0.5).times
        >>> times.ci_low <= times.slowdown <= times.ci_high
        True
    """
    resolved, wanted = load(model, listener=listener), as_target(target)
    subject = subject_on(
        resolved, wanted, variant, calibration_images=calibration_images, listener=listener
    )
    if subject is None:
        raise ValueError("stress runs a network, and bicubic is none")
    listener.status(f"running for {seconds:g} s without a pause")
    with LatencyMeter(wanted) as meter:
        sustained = meter.sustain(subject, seconds=seconds)
    return Stress(
        model=resolved.name,
        scale=resolved.scale,
        target=str(wanted),
        variant=sustained.variant,
        clock=clock_of(wanted)[0],
        times=sustained.times,
    )
