"""The trial table as a DataFrame and a CSV file, and the front as a terminal shows it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from foundation import write_text_atomically
from reports.frames import dtypes_of, typed_frame
from reports.pareto import front
from reports.records import COLUMNS, OBJECTIVES, TrialRecord
from reports.selection.bounds import Bound
from reports.ties import psnr_std_db, tie_threshold_db

DTYPES: Mapping[str, str] = dtypes_of(COLUMNS)


def trials_table(records: Sequence[TrialRecord]) -> pd.DataFrame:
    """The records as a tidy table: one row each, in the order given, exactly `COLUMNS`, and then
    a column `config.NAME` for each hyperparameter of their networks."""
    return typed_frame(records, COLUMNS)


def write_csv(path: Path, records: Sequence[TrialRecord]) -> None:
    """Replace `path` with the records' table; unknown numbers are empty fields.

    Numbers are written with all their digits.

    Raises:
        OSError: the folder cannot be written.
    """
    write_text_atomically(path, trials_table(records).to_csv(index=False, lineterminator="\n"))


@dataclass(frozen=True)
class FrontRow:
    """One row of the front as it is shown."""

    record: TrialRecord
    gain_db: float | None
    """PSNR above bicubic (dB); None where either is unknown."""
    note: str
    """"ties with N": no better than the cheaper trial N, within the noise between seeds.
    "may break ...": one end of its interval does not keep a bound that its value keeps."""


def front_rows(
    records: Sequence[TrialRecord], objectives: Sequence[str], bounds: Sequence[Bound] = ()
) -> list[FrontRow]:
    """The front, cheapest first, with bicubic as a row whether it is on the front or not.

    A network is marked whose interval crosses one of `bounds`.

    Raises:
        ValueError: no objective, or an unknown one.
    """
    baseline = next((record for record in records if record.is_baseline), None)
    chosen = front(records, objectives)
    rows: list[FrontRow] = []
    # Compared with the row above alone, a long chain of ties would hide what it gains in all.
    anchor: TrialRecord | None = None
    for record in chosen:
        tied = anchor is not None and _tie(record, anchor)
        notes = [f"ties with {_trial(anchor)}"] if anchor is not None and tied else []
        notes += [f"may break {bound}" for bound in bounds if bound.is_crossed(record)]
        note = "; ".join(notes)
        rows.append(
            FrontRow(record, _gain_db(record, baseline), "baseline" if record.is_baseline else note)
        )
        anchor = anchor if tied else record
    if baseline is not None and baseline not in chosen:
        rows.insert(0, FrontRow(baseline, _gain_db(baseline, baseline), "baseline, off the front"))
    return rows


def front_columns(
    records: Sequence[TrialRecord], objectives: Sequence[str], bounds: Sequence[Bound] = ()
) -> tuple[dict[str, list[str]], str]:
    """The columns of the front by their headings, and what is to be said of them.

    A column that nothing is known of is left out, and the precision where there is but one.

    Raises:
        ValueError: no objective, or an unknown one.
    """
    rows = front_rows(records, objectives, bounds)
    cells = {heading: [show(row) for row in rows] for heading, show in _CELLS.items()}
    for name in objectives:
        if name not in _SHOWN:
            values = [getattr(row.record, name) for row in rows]
            cells[OBJECTIVES[name].label.replace(" (", "\n(")] = [
                _number(value, "{:#.4g}") for value in values
            ]
    cells["note"] = [row.note for row in rows]
    notes = " ".join(row.note for row in rows)
    caption = "\n".join(text for word, text in _CAPTIONS.items() if word in notes)
    if len({record.precision for record in records if record.precision}) < 2:
        del cells["precision"]
    return {head: column for head, column in cells.items() if any(column) or not rows}, caption


def front_table(
    records: Sequence[TrialRecord], objectives: Sequence[str], bounds: Sequence[Bound] = ()
) -> Table:
    """The front for a terminal; a column that nothing is known of is left out.

    Raises:
        ValueError: no objective, or an unknown one.
    """
    shown, caption = front_columns(records, objectives, bounds)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, caption_justify="left")
    table.caption = caption or None
    for heading in shown:
        if heading in TEXT_HEADINGS:  # which give way where the terminal is narrow, unlike numbers
            table.add_column(heading)
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for line in zip(*shown.values(), strict=True):
        table.add_row(*line)
    return table


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _latency(record: TrialRecord) -> str:
    if record.latency_ms is None:
        return ""
    low, high = record.latency_ci_low_ms, record.latency_ci_high_ms
    interval = (
        "" if low is None or high is None else f" [{_three_digits(low)}, {_three_digits(high)}]"
    )
    return f"{_three_digits(record.latency_ms)}{interval}"


def _three_digits(value: float) -> str:
    """Three significant digits, and all of those before the point: 0.0123, 12.3, 1,234."""
    decimals = 2 - math.floor(math.log10(value)) if value > 0 else 2
    return f"{value:,.{max(0, decimals)}f}"


def _trial(record: TrialRecord) -> str:
    return "" if record.trial is None else str(record.trial)


def _thousands(count: int | None) -> str:
    return "" if count is None else f"{count / 1e3:,.1f}"


def _billions(count: float | None) -> str:
    return "" if count is None else f"{count / 1e9:,.2f}"


_CELLS: Mapping[str, Callable[[FrontRow], str]] = {
    "trial": lambda row: _trial(row.record),
    "architecture": lambda row: row.record.arch_id,
    "precision": lambda row: row.record.precision or "",
    "params\n(K)": lambda row: _thousands(row.record.params),
    "GMACs": lambda row: _billions(row.record.macs),
    "executed\nGMACs": lambda row: _billions(row.record.macs_executed),
    "latency (ms)\n[95 %]": lambda row: _latency(row.record),
    "PSNR\n(dB)": lambda row: _number(row.record.psnr_y_db, "{:.2f}"),
    "gain\n(dB)": lambda row: _number(row.gain_db, "{:+.2f}"),
}
_CAPTIONS: Mapping[str, str] = {
    "ties with": "ties with N: PSNR no better than that of the cheaper trial N, within the noise "
    "between seeds",
    "may break": "may break: the 95 % interval reaches beyond the bound",
}
_SHOWN = frozenset({"params", "macs", "latency_ms", "psnr_y_db"})
TEXT_HEADINGS = frozenset({"architecture", "precision", "note"})


def _gain_db(record: TrialRecord, baseline: TrialRecord | None) -> float | None:
    if baseline is None or baseline.psnr_y_db is None or record.psnr_y_db is None:
        return None
    return record.psnr_y_db - baseline.psnr_y_db


def _tie(record: TrialRecord, cheaper: TrialRecord) -> bool:
    if record.psnr_y_db is None or cheaper.psnr_y_db is None:
        return False
    threshold = tie_threshold_db(psnr_std_db(record), psnr_std_db(cheaper))
    return abs(record.psnr_y_db - cheaper.psnr_y_db) <= threshold
