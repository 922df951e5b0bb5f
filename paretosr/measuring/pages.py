"""What was measured as a page: networks by targets, with what spends their MACs."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from foundation import has_suffix
from paretosr.measuring.comparing import Comparison
from paretosr.measuring.comparing_targets import TargetComparison
from paretosr.measuring.profiling import Profile
from paretosr.measuring.sweeping import Sweep
from paretosr.models import load
from paretosr.results import Result
from reports.page.matrix_page import Cell, Matrix, NetworkLedger, PlainTable, write_matrix_page
from search.insights.ledgers import SpentMacs

Measured = Profile | Comparison | TargetComparison | Sweep
_MOST_LEDGERS = 12
"""Of more networks than so many, what spends their MACs is not shown."""
_TO_THE_REFERENCE = "Each number is a latency over that of the reference network on the target."


def save_page(result: Measured, path: str | Path) -> Path:
    """Write what was measured into one HTML file, which opens offline; return its path.

    Networks stand by targets as a heat map of ratios: those of `compare` and `compare_targets`, and
    of `profile` and `sweep` the latency over that of the reference network. What spends the MACs
    is counted for each, of up to 12 networks that can still be loaded by their names.

    Args:
        result: what `profile`, `compare`, `compare_targets` or `sweep` returned.
        path: the file to write or replace, which ends in .html.

    Raises:
        ValueError: the path ends otherwise, or the table of a sweep holds no row.
        OSError: the file cannot be written, or the table of a sweep not be read.

    Examples:
        >>> import paretosr as psr
        >>> small, large = psr.load("fsrcnn", scale=2), psr.load("rlfn", scale=2)
        >>> comparison = psr.compare(small, large, "eager:lr=16x16", max_seconds=0.3)
        >>> psr.save_page(comparison, "comparison.html").name
        'comparison.html'
    """
    page = Path(path)
    if not has_suffix(page, ".html"):
        raise ValueError(f"a page must be written to a file that ends in .html, got {str(path)!r}")
    write_matrix_page(page, matrix_of(result))
    return page


def matrix_of(result: Measured) -> Matrix:
    """The networks and targets of a result.

    Raises:
        ValueError: the table of a sweep holds no row.
        OSError: it cannot be read.
    """
    match result:
        case Profile():
            return _of_profile(result)
        case Comparison():
            return _of_comparison(result)
        case TargetComparison():
            return _of_targets(result)
        case Sweep():
            return _of_sweep(result)


def _of_profile(profile: Profile) -> Matrix:
    return Matrix(
        title=f"{profile.model} x{profile.scale} on {profile.target}",
        meaning=_TO_THE_REFERENCE,
        networks=(profile.model,),
        targets=(profile.target,),
        cells=((_over_reference(profile),),),
        sentences=tuple(profile.sentences()),
        tables=_tables(profile),
        ledgers=_ledgers([(profile.model, profile.scale)]),
    )


def _of_comparison(comparison: Comparison) -> Matrix:
    cells = [
        Cell(
            ratio=other.ratio,
            ci_low=other.estimate.ci_low,
            ci_high=other.estimate.ci_high,
            latency_ms=other.estimate.reference_ms,
            verdict=f"{comparison.model} is {other.verdict}",
        )
        for other in comparison.others
    ]
    names = [other.model for other in comparison.others]
    return Matrix(
        title=f"{comparison.model} x{comparison.scale} beside {', '.join(names)}",
        meaning=f"Each number is the time of {comparison.model} over that of the network of the "
        "row, timed at the same moments; the milliseconds are those of the row.",
        networks=tuple(names),
        targets=(comparison.target,),
        cells=tuple((cell,) for cell in cells),
        sentences=tuple(comparison.sentences()),
        tables=_tables(comparison),
        ledgers=_ledgers([(name, comparison.scale) for name in (comparison.model, *names)]),
    )


def _of_targets(comparison: TargetComparison) -> Matrix:
    cells = [
        Cell(
            ratio=1.0 if time is None else time.ratio,
            ci_low=None if time is None else time.ci_low,
            ci_high=None if time is None else time.ci_high,
            latency_ms=record.latency_ms,
            verdict="the first" if time is None else time.verdict,
        )
        if isinstance(record, Profile)
        else Cell(reason=record.reason)
        for record, time in zip(comparison.profiles, comparison.on_target(), strict=True)
    ]
    return Matrix(
        title=f"{comparison.model} x{comparison.scale} on {len(cells)} targets",
        meaning="Each number is the latency on a target over that on the first one.",
        networks=(comparison.model,),
        targets=tuple(record.target for record in comparison.profiles),
        cells=(tuple(cells),),
        sentences=tuple(comparison.sentences()),
        tables=_tables(comparison),
        ledgers=_ledgers([(comparison.model, comparison.scale)]),
    )


def _of_sweep(sweep: Sweep) -> Matrix:
    with sweep.csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{sweep.csv} must hold a network that was measured, but has no row")
    networks = list(dict.fromkeys((row["model"], int(row["scale"])) for row in rows))
    targets = list(dict.fromkeys(row["target"] for row in rows))
    known = {(row["model"], int(row["scale"]), row["target"]): row for row in rows}
    return Matrix(
        title=f"{len(networks)} networks on {len(targets)} targets",
        meaning=_TO_THE_REFERENCE,
        networks=tuple(f"{name} x{scale}" for name, scale in networks),
        targets=tuple(targets),
        cells=tuple(
            tuple(_of_row(known.get((*network, target))) for target in targets)
            for network in networks
        ),
        sentences=tuple(sweep.sentences()),
        ledgers=_ledgers(networks),
    )


def _of_row(row: Mapping[str, str] | None) -> Cell:
    if row is None:
        return Cell()
    if not row["latency_ratio"]:
        return Cell(reason=row["reason"] or None)
    reference_ms = float(row["reference_ms"])
    return Cell(
        ratio=float(row["latency_ratio"]),
        ci_low=float(row["latency_ci_low_ms"]) / reference_ms,
        ci_high=float(row["latency_ci_high_ms"]) / reference_ms,
        latency_ms=float(row["latency_ms"]),
    )


def _over_reference(profile: Profile) -> Cell:
    return Cell(
        ratio=profile.latency_ratio,
        ci_low=profile.latency_ci_low_ms / profile.reference_ms,
        ci_high=profile.latency_ci_high_ms / profile.reference_ms,
        latency_ms=profile.latency_ms,
    )


def _tables(result: Result) -> tuple[PlainTable, ...]:
    return tuple(
        PlainTable(table.title, table.headings, table.rows, table.numeric)
        for table in result.tables()
    )


def _ledgers(networks: Sequence[tuple[str, int]]) -> tuple[NetworkLedger, ...]:
    if len(networks) > _MOST_LEDGERS:
        return ()
    found = (_ledger(name, scale) for name, scale in dict.fromkeys(networks))
    return tuple(ledger for ledger in found if ledger is not None)


def _ledger(name: str, scale: int) -> NetworkLedger | None:
    """None for bicubic, and for a network that its name no longer leads to."""
    try:
        config = load(name, scale, listener=None).config
    except (ValueError, OSError):
        return None
    if config is None:
        return None
    spent = SpentMacs.of(config)
    return NetworkLedger(f"{name} x{scale}", spent.operators, spent.parts)
