"""`paretosr models`: the networks of the catalogue."""

from typing import TYPE_CHECKING, Any

from paretosr.cli.options import JsonOption

if TYPE_CHECKING:
    from blocks import CatalogueEntry


def models(json: JsonOption = False) -> None:
    """List the published networks and their size.

    MACs are the multiply-adds of convolutions, linear layers and matrix products for an
    output of 1280x720 on the costliest path (every expert counts), each computed once. The
    published number follows its paper's own convention; --json adds that convention and the
    source.

    \b
    Examples:
      paretosr models
      paretosr models --json
    """
    from blocks import CATALOGUE
    from paretosr.cli.output import write_json, write_line, write_rows
    from paretosr.cli.progress import progress_bar

    rows: list[dict[str, Any]] = []
    with progress_bar("counting", total=len(CATALOGUE), silent=json) as update:
        for entry in CATALOGUE:
            rows.append(_row(entry))
            update(len(rows))
    if json:
        write_json(rows)
        return
    write_rows(
        ("name", "family", "scale", "parameters", "GMACs", "published GMACs"),
        [
            (
                row["name"],
                row["family"],
                f"x{row['scale']}",
                f"{row['params']:,}",
                _giga(row["macs"]),
                _giga(row["macs_published"]),
            )
            for row in rows
        ],
        numbers=("parameters", "GMACs", "published GMACs"),
    )
    write_line("GMACs for an output of 1280x720. These are designs: paretosr train gives weights.")


def _row(entry: "CatalogueEntry") -> dict[str, Any]:
    from profilers.counting.analytic_cost import macs_bound

    bound = macs_bound(entry.config)
    return {
        "name": entry.name,
        "family": entry.config.family,
        "scale": entry.config.scale,
        "params": bound.parameters,
        "macs": bound.total,
        "macs_published": entry.macs_published,
        "macs_published_convention": entry.published_convention,
        "source": entry.source,
    }


def _giga(macs: int | None) -> str:
    return "-" if macs is None else f"{macs / 1e9:,.2f}"
