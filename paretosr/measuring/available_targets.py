"""The targets of this machine: what there is, and which of them a text names."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from foundation.listener import Listener
from paretosr.results import Result, Table
from profilers import Target as Target
from profilers import TargetStatus, list_targets
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

    Examples:
        >>> import paretosr as psr
        >>> [status.name for status in psr.targets().statuses if status.available][0]
        'eager:device=cpu'
    """
    return Targets(list_targets())


def named_targets(text: str, listener: Listener) -> tuple[Target, ...]:
    """Return the targets that `text` names: one, or `all[:key=value,...]` for each runtime here.

    `listener` is warned of those that are left out because something is missing here.

    Raises:
        ValueError: it is neither, or no runtime takes these settings.
    """
    runtime, _, settings = text.strip().partition(":")
    named = targets_with(settings) if runtime == EVERY else (Target.parse(text),)
    available = []
    for target in named:
        missing = why_unavailable(target)
        if missing is None:
            available.append(target)
        else:
            listener.warning(f"{target} is left out: {missing.reason}; {missing.remedy}")
    return tuple(available)
