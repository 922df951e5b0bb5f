"""The targets of this machine: what there is, and which of them a text names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from compressors.engines import ENGINES
from foundation.listener import Listener
from paretosr.results import Result, Table
from profilers import Missing, TargetStatus, list_targets
from profilers import Target as Target
from profilers.runtimes.registry import why_unavailable
from profilers.runtimes.targets import targets_with

EVERY = "all"


@dataclass(frozen=True, repr=False)
class Targets(Result):
    """Every runtime on every device it knows, with what is missing for it here."""

    statuses: tuple[TargetStatus, ...]

    def to_dict(self) -> Mapping[str, object]:
        return {"targets": [asdict(status) for status in self.statuses]}

    def tables(self) -> Sequence[Table]:
        rows = tuple(
            (
                status.name,
                "yes" if status.available else "no",
                status.reason or "",
                status.remedy or "",
            )
            for status in self.statuses
        )
        return (Table(("target", "available", "reason", "remedy"), rows),)


def targets() -> Targets:
    """Return what a network can be measured on, and the remedy for what is missing here.

    At the end come the runtimes with precision int8, for which networks must be quantised.

    Examples:
        >>> import paretosr as psr
        >>> [status.name for status in psr.targets().statuses if status.available][0]
        'eager:device=cpu'
    """
    return Targets((*list_targets(), *_quantised()))


def _quantised() -> Iterator[TargetStatus]:
    """Yield for each runtime that has int8 what is missing to run it, or to quantise for it."""
    runtimes = {status.name: status for status in list_targets()}
    for name, engine in ENGINES.items():
        status = runtimes[f"{name}:device=cpu"]
        reason, _, remedy = (engine.why_unavailable() or "").rpartition("; ")
        if status.available and reason:
            status = TargetStatus(status.name, False, reason, remedy)
        yield replace(status, name=f"{name}:precision=int8")


def named_targets(text: str, listener: Listener) -> tuple[Target, ...]:
    """Return the targets that `text` names: one, or `all[:key=value,...]` for each runtime here.

    `listener` is warned of those that are left out because something is missing here.

    Raises:
        ValueError: it is neither, or no runtime takes these settings.
    """
    runtime, _, settings = text.strip().partition(":")
    named = targets_with(settings) if runtime == EVERY else (Target.parse(text),)
    available = []
    left_out: dict[Missing, list[str]] = {}
    for target in named:
        missing = why_unavailable(target)
        if missing is None:
            available.append(target)
        else:
            left_out.setdefault(missing, []).append(f"{target.runtime}:device={target.device}")
    for missing, names in left_out.items():
        are = "is" if len(names) == 1 else "are"
        listener.warning(f"{', '.join(names)} {are} left out: {missing.reason}; {missing.remedy}")
    return tuple(available)
