"""The MAC ledger as tables: which modules and operators spend what, and who counts otherwise."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from blocks.models import ResolvedModel
from paretosr.cli.output import write_line, write_rows
from paretosr.costs import ExplainedMacs
from profilers import CrossCheck, MacsReport, OperatorRow
from profilers.counting.analytic_cost import HR_HEIGHT_PX, HR_WIDTH_PX, macs_lr_size_px

# Rows of a table; --json has them all.
_LONGEST_TABLE = 20

# Counts that differ by less are agreement.
_TOLERANCE = 0.01

_MIB = 2**20


def explained_as_json(model: ResolvedModel, explained: ExplainedMacs) -> dict[str, Any]:
    """Return the ledger with its convention, the largest consumers first, and the cross-checks."""
    height, width = macs_lr_size_px(model.scale)
    report = explained.ledger
    return {
        "ledger": {
            "hr_height_px": HR_HEIGHT_PX,
            "hr_width_px": HR_WIDTH_PX,
            "lr_height_px": height,
            "lr_width_px": width,
            **asdict(report),
            "by_module": [
                asdict(row) for row in sorted(report.by_module, key=lambda row: -row.own_macs)
            ],
        },
        "cross_checks": [asdict(check) for check in explained.cross_checks],
        "cross_check_side_px": explained.cross_check_side_px,
    }


def write_explained(model: ResolvedModel, explained: ExplainedMacs) -> None:
    """Write the convention, what modules and operators spend, and what other tools count."""
    height, width = macs_lr_size_px(model.scale)
    report = explained.ledger
    write_line(
        f"MACs of {model.name} x{model.scale} for one output of {HR_WIDTH_PX}x{HR_HEIGHT_PX}, "
        f"an input of {width}x{height}, over all paths: {report.total:,}"
    )
    for note in report.notes:
        write_line(note)
    _write_modules(report)
    _write_operators(report)
    _write_cross_checks(explained.cross_checks, explained.cross_check_side_px)


def _write_cross_checks(checks: Sequence[CrossCheck], side_px: int) -> None:
    """Write what each other tool counts, with the cause where it is over 1 % beside ours."""
    for check in checks:
        if check.ratio is None:
            write_line(f"{check.tool} {check.cause}")
        elif abs(check.ratio - 1) > _TOLERANCE:
            write_line(
                f"{check.tool} counts {check.ratio:.3f} times as many MACs; for an input of "
                f"{side_px}x{side_px} it {check.cause}"
            )
        else:
            write_line(f"{check.tool} counts the same MACs, within 1 %")


def _write_modules(report: MacsReport) -> None:
    spending = sorted(
        (row for row in report.by_module if row.own_macs), key=lambda row: -row.own_macs
    )
    total = report.total
    rows = [
        (row.path or "(itself)", row.module_type, str(row.calls), *_spent(row.own_macs, total))
        for row in spending[:_LONGEST_TABLE]
    ]
    if rest := spending[_LONGEST_TABLE:]:
        macs = sum(row.own_macs for row in rest)
        rows.append((f"and {len(rest)} more", "", "", *_spent(macs, total)))
    write_rows(
        ("module", "type", "calls", "MACs", "share"), rows, numbers=("calls", "MACs", "share")
    )


def _write_operators(report: MacsReport) -> None:
    write_rows(
        ("operator", "state", "calls", "MACs", "share", "moved"),
        [_operator_row(row, report.total) for row in report.by_operator],
        numbers=("calls", "MACs", "share", "moved"),
    )


def _operator_row(row: OperatorRow, total: int) -> tuple[str, ...]:
    spent = ("unknown", "-") if row.state == "uncounted" else _spent(row.macs, total)
    return (
        row.operator, row.state, str(row.calls), *spent, f"{row.bytes_moved / _MIB:,.1f} MiB"
    )  # fmt: skip


def _spent(macs: int, total: int) -> tuple[str, str]:
    return f"{macs:,}", f"{100 * macs / total:.1f} %" if total else "-"
