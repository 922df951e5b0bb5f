"""The MACs of one network: which modules and operators spend them, and who counts otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

from blocks import NetworkConfig, build_network
from paretosr.results import Result, Table
from profilers import CrossCheck, MacsReport, OperatorRow, cross_check, macs_bound
from profilers.counting.paths import HR_HEIGHT_PX, HR_WIDTH_PX, macs_lr_size_px

# fvcore and thop run the network for real, which takes minutes at full size; where they
# differ they do so at any size.
_CROSS_CHECK_SIDE_PX = 64
# Rows of a table; the JSON document has them all.
_LONGEST_TABLE = 20
# Counts that differ by less are agreement.
_TOLERANCE = 0.01
_MIB = 2**20


@dataclass(frozen=True, repr=False)
class Explanation(Result):
    """What spends the MACs of a network, and why fvcore and thop count otherwise."""

    lr_size_px: tuple[int, int]
    """Height and width of the input, for an output of 1280x720 pixels."""
    ledger: MacsReport
    cross_checks: tuple[CrossCheck, ...]
    cross_check_side_px: int
    """Height and width of the input for which fvcore and thop count."""

    @classmethod
    def of(cls, config: NetworkConfig) -> Self:
        """Count the MACs of a network, also with fvcore and thop, which takes seconds."""
        side_px = max(_CROSS_CHECK_SIDE_PX, config.minimum_size_px)
        checks = cross_check(build_network(config), lr_height_px=side_px, lr_width_px=side_px)
        return cls(macs_lr_size_px(config.scale), macs_bound(config), checks, side_px)

    def to_dict(self) -> Mapping[str, object]:
        height_px, width_px = self.lr_size_px
        return {
            "ledger": {
                "hr_height_px": HR_HEIGHT_PX,
                "hr_width_px": HR_WIDTH_PX,
                "lr_height_px": height_px,
                "lr_width_px": width_px,
                **asdict(self.ledger),
                "by_module": [
                    asdict(row)
                    for row in sorted(self.ledger.by_module, key=lambda row: -row.own_macs)
                ],
            },
            "cross_checks": [asdict(check) for check in self.cross_checks],
            "cross_check_side_px": self.cross_check_side_px,
        }

    def tables(self) -> Sequence[Table]:
        height_px, width_px = self.lr_size_px
        title = (
            f"MACs for one output of {HR_WIDTH_PX}x{HR_HEIGHT_PX}, an input of "
            f"{width_px}x{height_px}, the costliest path: {self.ledger.total:,}"
        )
        return _modules_table(self.ledger, title), _operators_table(self.ledger)

    def sentences(self) -> Sequence[str]:
        checks = [_in_words(check, self.cross_check_side_px) for check in self.cross_checks]
        return *self.ledger.notes, *checks


def _in_words(check: CrossCheck, side_px: int) -> str:
    """What another tool counts, with the cause where it is over 1 % beside ours."""
    if check.ratio is None:
        return f"{check.tool} {check.cause}"
    if abs(check.ratio - 1) <= _TOLERANCE:
        return f"{check.tool} counts the same MACs, within 1 %"
    return (
        f"{check.tool} counts {check.ratio:.3f} times as many MACs; for an input of "
        f"{side_px}x{side_px} it {check.cause}"
    )


def _modules_table(ledger: MacsReport, title: str) -> Table:
    spending = sorted(
        (row for row in ledger.by_module if row.own_macs), key=lambda row: -row.own_macs
    )
    rows = [
        (row.path or "(itself)", row.module_type, str(row.calls), *_spent(row.own_macs, ledger))
        for row in spending[:_LONGEST_TABLE]
    ]
    if rest := spending[_LONGEST_TABLE:]:
        macs = sum(row.own_macs for row in rest)
        rows.append((f"and {len(rest)} more", "", "", *_spent(macs, ledger)))
    headings = ("module", "type", "calls", "MACs", "share")
    return Table(headings, tuple(rows), frozenset(headings[2:]), title)


def _operators_table(ledger: MacsReport) -> Table:
    headings = ("operator", "state", "calls", "MACs", "share", "moved")
    rows = tuple(_operator_row(row, ledger) for row in ledger.by_operator)
    return Table(headings, rows, frozenset(headings[2:]))


def _operator_row(row: OperatorRow, ledger: MacsReport) -> tuple[str, ...]:
    spent = ("unknown", "-") if row.state == "uncounted" else _spent(row.macs, ledger)
    return (
        row.operator, row.state, str(row.calls), *spent, f"{row.bytes_moved / _MIB:,.1f} MiB"
    )  # fmt: skip


def _spent(macs: int, ledger: MacsReport) -> tuple[str, str]:
    return f"{macs:,}", f"{100 * macs / ledger.total:.1f} %" if ledger.total else "-"
