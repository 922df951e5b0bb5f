"""Networks by targets as one HTML page: a heat map of ratios, with what spends their MACs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from foundation import write_text_atomically
from reports.page.insights import MacsRow
from reports.page.rendering import render
from reports.page.run_page import FORMS, Form

_DEEPEST = 40.0
"""Per cent of the strongest colour, so that text on it stays readable."""
_FULL_FACTOR = 8.0
"""A ratio as far from 1 has the strongest colour."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A network on a target; None is "not known"."""

    ratio: float | None = None
    """Above 1 is slower."""
    ci_low: float | None = None
    ci_high: float | None = None
    latency_ms: float | None = None
    verdict: str | None = None
    reason: str | None = None
    """Why there is no ratio."""


@dataclass(frozen=True)
class NetworkLedger:
    """What spends the MACs of one network, for an output of 1280x720 pixels."""

    network: str
    operators: tuple[MacsRow, ...]
    """The costliest first."""
    parts: tuple[MacsRow, ...]


@dataclass(frozen=True)
class PlainTable:
    """A table of texts."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Networks by targets, and what else is known of them."""

    title: str
    meaning: str
    """What the ratios are, as a sentence."""
    networks: tuple[str, ...]
    targets: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    """A row for each network, a cell for each target."""
    sentences: tuple[str, ...] = ()
    tables: tuple[PlainTable, ...] = ()
    ledgers: tuple[NetworkLedger, ...] = ()


def write_matrix_page(path: Path, matrix: Matrix) -> None:
    """Replace `path` with the page.

    Raises:
        OSError: the folder cannot be written.
    """
    write_text_atomically(path, matrix_page(matrix))


def matrix_page(matrix: Matrix) -> str:
    """The page as HTML; the document that its numbers are those of stands in it, too."""
    document: Mapping[str, object] = {
        "title": matrix.title,
        "meaning": matrix.meaning,
        "networks": list(matrix.networks),
        "targets": list(matrix.targets),
        "cells": [[asdict(cell) for cell in row] for row in matrix.cells],
        "sentences": list(matrix.sentences),
        "tables": [
            {"title": it.title, "headings": list(it.headings), "rows": [list(r) for r in it.rows]}
            for it in matrix.tables
        ],
        "ledgers": [_ledger(it) for it in matrix.ledgers],
    }
    helpers = {
        "heat": lambda row, column: heat(matrix.cells[row][column].ratio),
        "ratio_form": Form("ratio").template,
        "latency_form": FORMS["latency_ms"].template,
        "numeric": lambda place, heading: heading in matrix.tables[place].numeric,
    }
    return render(
        "matrix.html.jinja", document, scripts=(), data={"report": document}, helpers=helpers
    )


def heat(ratio: float | None) -> str:
    """The style of a cell: blue for faster than 1, orange for slower, the stronger the farther."""
    if ratio is None or ratio <= 0:
        return ""
    depth = min(1.0, abs(math.log(ratio)) / math.log(_FULL_FACTOR)) * _DEEPEST
    colour = "--family-0" if ratio < 1 else "--family-1"
    return f"background: color-mix(in srgb, var({colour}) {depth:.0f}%, var(--card))"


def _ledger(ledger: NetworkLedger) -> dict[str, object]:
    total = sum(row.macs for row in ledger.operators)
    return {
        "network": ledger.network,
        "operators": _shares(ledger.operators, total),
        "parts": _shares(ledger.parts, total),
    }


def _shares(rows: Sequence[MacsRow], total: int) -> list[dict[str, object]]:
    return [{**row.model_dump(), "share": row.macs / total if total else 0.0} for row in rows]
