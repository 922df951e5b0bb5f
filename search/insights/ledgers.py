"""What spends the MACs of a network: its operators, and its own parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from blocks.networks.registry import NetworkConfig
from profilers.counting.analytic_cost import macs_bound
from profilers.counting.macs import ModuleRow
from reports.page.insights import MacsRow

_ITSELF = "(itself)"
"""What a network computes outside of its modules."""


@dataclass(frozen=True)
class SpentMacs:
    """On the costliest path, for an output of 1280x720 pixels; what costs nothing is left out."""

    operators: tuple[MacsRow, ...]
    """The costliest first."""
    parts: tuple[MacsRow, ...]
    """The network's own modules, in their order, each with all that it calls; they add up."""

    @classmethod
    def of(cls, config: NetworkConfig) -> Self:
        """Count those of the network that `config` describes; no weight is allocated."""
        report = macs_bound(config)
        operators = [
            MacsRow(name=row.operator, calls=row.calls, macs=row.macs)
            for row in report.by_operator
            if row.macs
        ]
        return cls(tuple(operators), tuple(_parts(report.by_module)))


def _parts(rows: Sequence[ModuleRow]) -> Iterator[MacsRow]:
    """The outermost modules; those of one list, which is never called itself, together."""
    called = {row.path for row in rows}
    parts: dict[str, MacsRow] = {}
    for row in rows:
        if any(outer in called for outer in _outside(row.path)):
            continue
        name = row.path.partition(".")[0] or _ITSELF
        macs = row.macs if row.path else row.own_macs
        before = parts.get(name, MacsRow(name=name, calls=0, macs=0))
        parts[name] = MacsRow(name=name, calls=before.calls + row.calls, macs=before.macs + macs)
    yield from (part for part in parts.values() if part.macs)


def _outside(path: str) -> Iterator[str]:
    """The modules around one, but the network itself: "a.b" and "a" around "a.b.c"."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path
