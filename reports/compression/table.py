"""The networks of a run with their forms side by side, and why a cell is empty."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from rich.box import SIMPLE_HEAD
from rich.table import Table

from reports.compression.networks import FORMS, Change, ComparedNetwork, Version
from reports.records import TrialRecord

NETWORK, UNIT = "network", "unit"
_HOW = {
    "pruned": "paretosr compress --method prune makes one",
    "distilled": "paretosr train --teacher makes one",
}
_NAMED = 5
"""Trials that a sentence names, at most."""


def compression_columns(networks: Sequence[ComparedNetwork]) -> dict[str, list[str]]:
    """For people: a column for each form, and lines for a network's PSNR, latency and size.

    Each cell has the value and what has become of the reference's. Where several networks were
    pruned from one, or taught by it, it has as many groups of lines. A form that no network has,
    and a quantity that is not known of any, is left out.
    """
    forms = _shown(networks)
    columns: dict[str, list[str]] = {name: [] for name in (NETWORK, UNIT, *forms)}
    units = [unit for unit, (show, _) in _CELLS.items() if _is_known(networks, show)]
    for network in networks:
        for group in zip_longest(*(network.of(form) for form in forms)):
            named = any(version is not None and version.compressed for version in group)
            for unit in ("", *units) if named else units:
                columns[NETWORK].append(network.arch_id)
                columns[UNIT].append(unit)
                for form, version in zip(forms, group, strict=True):
                    columns[form].append(_cell(network, version, unit))
    return columns


def compression_table(networks: Sequence[ComparedNetwork]) -> Table:
    """The columns for a terminal, in which a network is named once."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    columns = compression_columns(networks)
    for heading in columns:
        is_text = heading in (NETWORK, UNIT)
        shown = "" if heading == UNIT else heading
        table.add_column(shown, justify="left" if is_text else "right", no_wrap=True)
    before = None
    for name, *cells in zip(*columns.values(), strict=True):
        table.add_row("" if name == before else name, *cells)
        before = name
    return table


def why_empty(networks: Sequence[ComparedNetwork]) -> list[str]:
    """A line for each reason of an empty cell or a missing column, with the trials concerned."""
    lines, shown = [], _shown(networks)
    for form in FORMS:
        without: defaultdict[str, list[str]] = defaultdict(list)
        for network in networks:
            for reason in _reasons(network, form):
                without[reason].append(network.reference.name)
        for reason, names in without.items():
            more = len(names) - _NAMED
            some = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
            where = "left out" if form not in shown else f"empty for {some}"
            lines.append(f"{form} is {where}: {reason}")
    unknown = [unit for unit, (show, _) in _CELLS.items() if not _is_known(networks, show)]
    return lines + [f"{unit} is left out: not known of any of them" for unit in unknown if shown]


def _reasons(network: ComparedNetwork, form: str) -> Iterator[str]:
    versions = network.of(form)
    if not versions and form in _HOW:
        yield f"none was named ({_HOW[form]}, paretosr report --compressed shows it)"
    elif not versions:
        yield "the search did not judge it so"
    for version in versions:
        if version.record.psnr_y_db is None:
            reason = version.record.reason
            yield version.record.state + (f" ({reason})" if reason else "")


def _shown(networks: Sequence[ComparedNetwork]) -> list[str]:
    return [form for form in FORMS if any(network.of(form) for network in networks)]


def _is_known(networks: Sequence[ComparedNetwork], show: "_Show") -> bool:
    return any(show(version.record) for network in networks for version in network.versions)


def _cell(network: ComparedNetwork, version: Version | None, unit: str) -> str:
    if version is None:
        return ""
    if not unit:
        return version.name
    show, changed = _CELLS[unit]
    value = show(version.record)
    is_changed = value and version is not network.reference
    return f"{value} {changed(network.change(version))}".rstrip() if is_changed else value


def _times(factor: float | None) -> str:
    return "" if factor is None else f"×{factor:.2f}"


_Show = Callable[[TrialRecord], str]
_CELLS: dict[str, tuple[_Show, Callable[[Change], str]]] = {
    "dB": (
        lambda it: "" if it.psnr_y_db is None else f"{it.psnr_y_db:.3f}",
        lambda it: "" if it.psnr_db is None else f"{it.psnr_db:+.3f}",
    ),
    "ms": (
        lambda it: "" if it.latency_ms is None else f"{it.latency_ms:,.4g}",
        lambda it: _times(it.latency_factor),
    ),
    "KiB": (
        lambda it: "" if it.size_kib is None else f"{it.size_kib:,.1f}",
        lambda it: _times(it.size_factor),
    ),
}
