"""On which of several targets a model is the fastest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from blocks.models import Model
from foundation import one_line
from foundation.listener import SILENT, Listener
from imaging import BUNDLED
from paretosr.measuring.available_targets import EVERY, Target, named_targets
from paretosr.measuring.comparing import Verdict, verdict
from paretosr.measuring.profile_table import ProfileRecord
from paretosr.measuring.profiling import Profile, profile
from paretosr.models import load
from paretosr.results import Result, Table
from profilers import ProfilingFailed
from profilers.runtimes.registry import require_available
from reports.columns import row_values


@dataclass(frozen=True)
class TimeOnTarget:
    """The latency of a model on one target over that on the first one.

    The interval reaches from the lower end of the one over the upper end of the other to the
    opposite, so it is a cautious one.
    """

    ratio: float
    ci_low: float
    ci_high: float

    @property
    def verdict(self) -> Verdict:
        """What the model is on this target."""
        return verdict(self.ci_low, self.ci_high)

    @classmethod
    def of(cls, profile: Profile, first: Profile) -> "TimeOnTarget":
        return cls(
            profile.latency_ms / first.latency_ms,
            profile.latency_ci_low_ms / first.latency_ci_high_ms,
            profile.latency_ci_high_ms / first.latency_ci_low_ms,
        )


@dataclass(frozen=True, repr=False)
class TargetComparison(Result):
    """What one model costs on several targets; what failed on one says so in its row."""

    model: str
    scale: int
    profiles: tuple[ProfileRecord, ...]
    """In the order of the targets: a `Profile`, or a row with the reason why there is none."""

    def on_target(self) -> Sequence[TimeOnTarget | None]:
        """The latency on each target over that on the first one measured; None where none is."""
        first = next(it for it in self.profiles if isinstance(it, Profile))
        return [
            TimeOnTarget.of(it, first) if isinstance(it, Profile) and it is not first else None
            for it in self.profiles
        ]

    def to_dict(self) -> Mapping[str, object]:
        return {
            "model": self.model,
            "scale": self.scale,
            "targets": [
                {
                    **(it.to_dict() if isinstance(it, Profile) else row_values(it)),
                    "ratio": time.ratio if time else None,
                    "ci_low": time.ci_low if time else None,
                    "ci_high": time.ci_high if time else None,
                    "verdict": time.verdict if time else None,
                }
                for it, time in zip(self.profiles, self.on_target(), strict=True)
            ],
        }

    def tables(self) -> Sequence[Table]:
        headings = (
            *("target", "latency (ms)", "95 % interval", "to the first", "verdict"),
            *("variant", "clock"),
        )
        rows = tuple(
            _row(it, time) for it, time in zip(self.profiles, self.on_target(), strict=True)
        )
        title = f"{self.model} x{self.scale}"
        return (Table(headings, rows, frozenset(headings[1:4]), title),)

    def sentences(self) -> Sequence[str]:
        failed = [f"{it.target} failed: {it.reason}" for it in self.profiles if it.reason]
        return [
            self._fastest(),
            "targets are measured one after the other, so a small difference may be the machine's",
            *failed,
        ]

    def _fastest(self) -> str:
        """Where the model is the fastest, and by how much."""
        measured = [it for it in self.profiles if isinstance(it, Profile)]
        fastest, *others = sorted(measured, key=lambda it: it.latency_ms)
        if not others:
            return f"{self.model} runs on {fastest.target} alone"
        time = TimeOnTarget.of(fastest, others[0])
        numbers = f"{time.ratio:.3f} of the time ({time.ci_low:.3f} to {time.ci_high:.3f})"
        if time.verdict == "faster":
            return (
                f"{self.model} is fastest on {fastest.target}, where it takes {numbers} that it "
                f"takes on the next, {others[0].target}"
            )
        return (
            f"{self.model} is fastest on {fastest.target}, but not distinguishably: it takes "
            f"{numbers} that it takes on {others[0].target}"
        )


def compare_targets(
    model: Model | str | Path,
    targets: str | Target | Sequence[Target | str] = EVERY,
    *,
    variant: str | None = None,
    calibration_images: str | Path = BUNDLED,
    max_seconds: float = 20.0,
    listener: Listener = SILENT,
) -> TargetComparison:
    """Return what `model` costs on each of `targets`, and its latency over that on the first.

    Args:
        model: a model, or what `load` takes without a scale.
        targets: one or several; "all[:key=value,...]" stands for every runtime that is here.
        variant: in which the network is computed; None for the fastest on each target.
        calibration_images: folder of training images, or "bundled", by which a model that is not
            quantised is quantised first for targets with precision=int8.
        max_seconds: for timing on each target. Making the network ready comes on top.
        listener: hears how far it is, of a noisy machine, and of runtimes that are not here.

    Raises:
        ValueError: the model or a target is not valid, a target that is named is missing here, its
            input is too small for the network, or there is no such variant.
        OSError: a file cannot be read.
        ProfilingFailed: the model cannot be run on any of the targets. It is a RuntimeError.

    Examples:
        >>> import paretosr as psr
        >>> net = psr.load("fsrcnn", scale=2)
        >>> settings = ("eager:lr=16x16", "eager:lr=48x48")
        >>> small, large = psr.compare_targets(net, settings, max_seconds=1).profiles
        >>> large.activation_mib == 9 * small.activation_mib
        True
    """
    resolved = load(model, listener=listener)
    listed = [targets] if isinstance(targets, str | Target) else targets
    wanted = list(dict.fromkeys(chain.from_iterable(_each(it, listener) for it in listed)))
    if not wanted:
        raise ValueError("compare_targets needs at least one target")
    records: list[ProfileRecord] = []
    failures: list[ProfilingFailed] = []
    for number, target in enumerate(wanted):
        listener.progress(number, len(wanted), f"{resolved.name} on {target}")
        try:
            records.append(
                profile(
                    resolved,
                    target,
                    variant=variant,
                    calibration_images=calibration_images,
                    max_seconds=max_seconds,
                    listener=listener,
                )
            )
        except ProfilingFailed as error:
            failures.append(error)
            records.append(ProfileRecord.failed(resolved, target, one_line(error)))
    if len(failures) == len(records):
        raise failures[0]
    return TargetComparison(resolved.name, resolved.scale, tuple(records))


def _each(target: Target | str, listener: Listener) -> Iterator[Target]:
    if isinstance(target, str) and target.partition(":")[0].strip() == EVERY:
        yield from named_targets(target, listener)
        return
    named = Target.parse(target) if isinstance(target, str) else target
    require_available(named)
    yield named


def _row(record: ProfileRecord, time: TimeOnTarget | None) -> tuple[str, ...]:
    if not isinstance(record, Profile):
        return record.target, "-", "-", "-", "failed", "-", "-"
    return (
        record.target,
        f"{record.latency_ms:.2f}",
        f"{record.latency_ci_low_ms:.2f} to {record.latency_ci_high_ms:.2f}",
        f"{time.ratio:.3f}" if time else "1",
        time.verdict if time else "",
        record.variant or "-",
        record.clock,
    )
