"""Which of several models is the fastest on a target, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from blocks.models import Model
from foundation.listener import SILENT, Listener
from imaging import BUNDLED
from paretosr.compressing.quantising import subject_on
from paretosr.measuring.profiling import CLOCKS
from paretosr.measuring.subjects import as_target, noise_warning
from paretosr.models import load
from paretosr.results import Result, Table
from profilers import Bicubic, LatencyMeter, RatioEstimate, Target
from profilers.host.subject import Timed
from profilers.runtimes.clock import clock_of
from profilers.runtimes.registry import require_available

Verdict = Literal["faster", "slower", "not distinguishable"]
_IN_WORDS: Mapping[Verdict, str] = {
    "faster": "faster than",
    "slower": "slower than",
    "not distinguishable": "not distinguishable from",
}


@dataclass(frozen=True)
class ComparedModel:
    """The time of the first model over that of another."""

    model: str
    """The other one."""
    first_variant: str | None
    """In which the first model was timed; None for bicubic."""
    variant: str | None
    """In which the other one was timed; None for bicubic."""
    estimate: RatioEstimate

    @property
    def ratio(self) -> float:
        """The first model's time over the other's."""
        return self.estimate.ratio

    @property
    def verdict(self) -> Verdict:
        """What the first model is."""
        return verdict(self.estimate.ci_low, self.estimate.ci_high)

    def to_dict(self) -> Mapping[str, object]:
        return {
            "model": self.model,
            "first_variant": self.first_variant,
            "variant": self.variant,
            **asdict(self.estimate),
            "verdict": self.verdict,
        }


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """How long one model takes on a target, each time over the time of another model."""

    model: str
    """The first one."""
    scale: int
    target: str
    clock: str
    """What times calls: "cpu", "cuda" or "wall"."""
    others: tuple[ComparedModel, ...]

    def to_dict(self) -> Mapping[str, object]:
        return {
            "model": self.model,
            "scale": self.scale,
            "target": self.target,
            "clock": self.clock,
            "others": [other.to_dict() for other in self.others],
        }

    def tables(self) -> Sequence[Table]:
        headings = ("compared with", "ratio", "95 % interval", "medians (ms)", "calls", "variants")
        rows = tuple(
            (
                other.model,
                f"{other.ratio:.3f}",
                f"{other.estimate.ci_low:.3f} to {other.estimate.ci_high:.3f}",
                f"{other.estimate.candidate_ms:.2f}, {other.estimate.reference_ms:.2f}",
                str(other.estimate.repeats),
                f"{other.first_variant or '-'}, {other.variant or '-'}",
            )
            for other in self.others
        )
        title = (
            f"{self.model} x{self.scale} on {self.target}: its time over that of each other, by "
            f"{CLOCKS[self.clock]}"
        )
        return (Table(headings, rows, frozenset(headings[1:5]), title),)

    def sentences(self) -> Sequence[str]:
        return [f"{self.model} is {_IN_WORDS[it.verdict]} {it.model}" for it in self.others]


def compare(
    model: Model | str | Path,
    others: Model | str | Path | Sequence[Model | str | Path],
    target: Target | str = "eager",
    *,
    variant: str | None = None,
    calibration_images: str | Path = BUNDLED,
    max_seconds: float = 20.0,
    listener: Listener = SILENT,
) -> Comparison:
    """Return how long `model` takes on `target` over the time of each of `others`.

    Two are timed at the same moments, so that their ratio is far more exact than their
    milliseconds are. Only an interval without 1 tells two models apart.

    Args:
        model: a model, or what `load` takes without a scale.
        others: one or several; names get the scale of `model`.
        target: RUNTIME[:key=value,...]; `targets()` lists the runtimes.
        variant: in which `model` is computed; None for its fastest. Others run in their fastest.
        calibration_images: folder of training images, or "bundled", by which models that are not
            quantised are quantised first if the target has precision=int8.
        max_seconds: for timing each pair. Making the networks ready comes on top.
        listener: hears what is being timed, and of a noisy machine.

    Raises:
        ValueError: a model or the target is not valid, no other is given, the target is missing
            here, its input is too small for a network, there is no such variant, or bicubic is
            one of the models and the target another machine.
        OSError: a file cannot be read.
        ProfilingFailed: a measuring process died or could not run a network. It is a
            RuntimeError.

    Examples:
        >>> import paretosr as psr
        >>> small, large = psr.load("fsrcnn", scale=2), psr.load("rlfn", scale=2)
        >>> comparison = psr.compare(small, large, "eager:lr=16x16", max_seconds=1)
        >>> comparison.others[0].verdict
        'faster'
    """
    first, wanted = load(model, listener=listener), as_target(target)
    listed = [others] if isinstance(others, Model | str | Path) else others
    compared = [load(other, first.scale, listener=listener) for other in listed]
    if not compared:
        raise ValueError("compare needs at least one other model")
    require_available(wanted)
    subjects: list[Timed] = [
        subject_on(it, wanted, form, calibration_images=calibration_images, listener=listener)
        or Bicubic(it.scale)
        for it, form in [(first, variant), *((other, None) for other in compared)]
    ]
    for subject in subjects:
        subject.require_runs_on(wanted)
    results = []
    with LatencyMeter(wanted) as meter:
        for number, (other, subject) in enumerate(zip(compared, subjects[1:], strict=True)):
            listener.status(f"timing {first.name} and {other.name}")
            if len(compared) > 1:
                listener.progress(number, len(compared))
            results.append(_compared(subjects[0], other.name, subject, meter, max_seconds))
    _warn_of_noise(results, listener)
    return Comparison(first.name, first.scale, str(wanted), clock_of(wanted)[0], tuple(results))


def verdict(ci_low: float, ci_high: float) -> Verdict:
    """Return what a ratio of times says: only an interval without 1 tells two models apart."""
    if ci_high < 1:
        return "faster"
    return "slower" if ci_low > 1 else "not distinguishable"


def _compared(
    subject: Timed, name: str, other: Timed, meter: LatencyMeter, max_seconds: float
) -> ComparedModel:
    times = meter.compare(subject, other, max_seconds=max_seconds)
    variants = zip((subject, other), (times.variant, times.other_variant), strict=True)
    first, second = (None if isinstance(it, Bicubic) else variant for it, variant in variants)
    return ComparedModel(name, first, second, times.estimate)


def _warn_of_noise(compared: Sequence[ComparedModel], listener: Listener) -> None:
    noisiest = max((it.estimate for it in compared), key=lambda it: it.reference_spread)
    noise = noise_warning(noisiest.reference_spread, noisiest.quiet_share)
    if noise is not None:
        listener.warning(noise)
