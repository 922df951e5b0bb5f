"""report.html and report.json: the page of a run."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd
from markupsafe import Markup

from foundation import write_text_atomically
from reports.figures.style import family_styles
from reports.frames import CONFIG_PREFIX
from reports.ladder import LadderFacts
from reports.page.document import Document, RunFacts, run_document
from reports.page.insights import crop_data_uri
from reports.page.rendering import PLOTLY, breakable, render
from reports.records import BASELINE_FAMILY, COLUMNS, OBJECTIVES, TrialRecord
from reports.run_settings import RunSettings
from reports.tables import trials_table

PAGE_FILE = "report.html"
DOCUMENT_FILE = "report.json"
_SCRIPTS = (PLOTLY, "plots.js", "trials.js", "front.js", "sections.js")
_SECTIONS = {
    "answer": "What was found",
    "explore": "Explore the trials",
    "images": "What it looks like",
    "course": "How the search went",
    "designs": "What makes a network good",
    "curves": "Learning curves",
    "speed": "Promised and real speed",
    "macs": "Where the MACs go",
    "failures": "Trials that were not finished",
    "provenance": "Where the numbers come from",
}
_ALWAYS_SHOWN = ("psnr_y_db", "ssim_y", "latency_ms", "macs", "params")


@dataclass(frozen=True)
class Form:
    """How the numbers of a column are written."""

    heading: str
    divisor: float = 1.0
    decimals: int | None = None
    """None for three significant digits."""

    def template(self, value: float) -> str:
        """The format in which the number, divided, is written."""
        shown, decimals = value / self.divisor, self.decimals
        if decimals is None:
            decimals = max(0, 2 - math.floor(math.log10(abs(shown)))) if shown else 2
        return f"{{:,.{decimals}f}}"

    def write(self, value: float) -> str:
        """The number for people, without its unit."""
        return self.template(value).format(value / self.divisor)


FORMS: Mapping[str, Form] = {
    "params": Form("parameters (K)", 1e3, 1),
    "macs": Form("GMACs", 1e9, 2),
    "macs_executed": Form("executed GMACs", 1e9, 2),
    "size_kib": Form("weights (KiB)", 1, 1),
    "activation_mib": Form("activations (MiB)", 1, 1),
    "peak_memory_mib": Form("peak memory (MiB)", 1, 1),
    "latency_ms": Form("latency (ms)"),
    "latency_ci_low_ms": Form("interval from (ms)"),
    "latency_ci_high_ms": Form("to (ms)"),
    "latency_ratio": Form("times the reference"),
    "psnr_y_db": Form("PSNR (dB)", 1, 2),
    "psnr_y_std_db": Form("between seeds (dB)", 1, 3),
    "ssim_y": Form("SSIM", 1, 4),
    "train_seconds": Form("training (s)", 1, 1),
}
_WHOLE = Form("", 1, 0)


def write_page(
    run_dir: Path,
    records: Sequence[TrialRecord],
    settings: RunSettings,
    facts: RunFacts,
    ladder: LadderFacts | None = None,
) -> tuple[Path, Path]:
    """Replace the page of a run and its document; return their paths.

    `ladder` is what a search with one has found beside its trials.

    Raises:
        ValueError: an unknown objective, or a file of the run is not what a search writes.
        OSError: the folder cannot be written.
    """
    document = run_document(run_dir, records, settings, facts, ladder)
    page = run_page(run_dir, document, records)
    text = json.dumps(document, allow_nan=False, indent=1)
    write_text_atomically(run_dir / DOCUMENT_FILE, text + "\n")
    write_text_atomically(run_dir / PAGE_FILE, page)
    return run_dir / PAGE_FILE, run_dir / DOCUMENT_FILE


def run_page(run_dir: Path, document: Document, records: Sequence[TrialRecord]) -> str:
    """The page as HTML."""
    by_trial = {record.trial: record for record in records}
    objectives = cast(Sequence[str], document["objectives"])
    front = [by_trial[row["trial"]] for row in cast(Sequence[Mapping[str, int]], document["front"])]
    shown = list(dict.fromkeys([*objectives, *_ALWAYS_SHOWN]))
    several = len({record.precision for record in records if record.precision}) > 1
    helpers = {
        "sections": _sections(document),
        "shown_columns": shown,
        "table_columns": [
            "family",
            *["precision"] * several,
            *(name for name in shown if any(getattr(it, name) is not None for it in front)),
        ],
        "text_columns": ("family", "precision"),
        "heading": lambda name: FORMS.get(name, _WHOLE).heading or name,
        "divisor": lambda name: FORMS.get(name, _WHOLE).divisor,
        "form": lambda name, value: FORMS.get(name, _WHOLE).template(value),
        "label": lambda name: OBJECTIVES[name].label,
        "known": lambda trial, name: getattr(by_trial[trial], name) is not None,
        "cell": lambda trial, name: _cell(by_trial[trial], name),
        "text_of": lambda trial, name: _text(by_trial[trial], name),
        "crop_uri": lambda name: crop_data_uri(run_dir, name),
    }
    data = {"report": document, "trials": _columns(records), **_looks(records)}
    return render("run.html.jinja", document, scripts=_SCRIPTS, data=data, helpers=helpers)


def _cell(record: TrialRecord, name: str) -> Markup:
    value = getattr(record, name)
    if value is None:
        return Markup("")
    form = FORMS.get(name, _WHOLE)
    return Markup(
        '<data value="{}" data-trial="{}" data-column="{}" data-divisor="{}">{}</data>'
    ).format(json.dumps(value), _number(record), name, form.divisor, form.write(value))


def _text(record: TrialRecord, name: str) -> Markup:
    return Markup('<span data-trial="{}" data-column="{}">{}</span>').format(
        _number(record), name, breakable(getattr(record, name) or "")
    )


def _number(record: TrialRecord) -> str:
    return "" if record.trial is None else str(record.trial)


def _columns(records: Sequence[TrialRecord]) -> dict[str, list[object]]:
    """What trials.csv holds, by its columns; those of which nothing is known are left out."""
    columns = {it.name: [getattr(record, it.name) for record in records] for it in COLUMNS}
    table = trials_table(records)
    for name in table.columns:
        # The parts of lists, such as masks, are too many to be read.
        if name.startswith(CONFIG_PREFIX) and "." not in name.removeprefix(CONFIG_PREFIX):
            columns[name] = [_plain(value) for value in table[name].tolist()]
    return {
        name: values
        for name, values in columns.items()
        if name in ("trial", "state") or any(value is not None for value in values)
    }


def _plain(value: object) -> object:
    """A hyperparameter as the table has it; flags are texts there."""
    if value is None or value is pd.NA or value != value:
        return None
    return str(value) if isinstance(value, bool) else value


def _looks(records: Sequence[TrialRecord]) -> dict[str, object]:
    """How families and numbers are shown, the same as in the other figures."""
    families = {it.family for it in records if it.family != BASELINE_FAMILY and it.params}
    styles = family_styles(sorted(families))
    places = {name: place for place, name in enumerate(("o", "s", "^", "D", "v", "P"))}
    return {
        "families": {name: places[style.marker] for name, style in styles.items()},
        "forms": {
            name: {"heading": it.heading, "divisor": it.divisor, "decimals": it.decimals}
            for name, it in FORMS.items()
        },
        "labels": {it.name: it.label for it in COLUMNS},
    }


def _sections(document: Document) -> list[tuple[str, str]]:
    """The sections that this page has."""
    has_trials = bool(cast(Mapping[str, object], document["counts"])["trials"])
    needs = {
        "explore": has_trials,
        "images": document["strips"],
        "course": document["hypervolume"],
        "designs": document["designs"] or document["importance"] is not None,
        "curves": has_trials,
        "speed": has_trials,
        "macs": document["ledger"],
        "failures": has_trials,
    }
    return [(id_, title) for id_, title in _SECTIONS.items() if needs.get(id_, True)]
