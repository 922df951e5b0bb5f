"""`paretosr models`: the networks of the catalogue."""

from typing import TYPE_CHECKING, Any

from paretosr.options import JsonOption

if TYPE_CHECKING:
    from blocks import CatalogueEntry


def models(json: JsonOption = False) -> None:
    """List the published networks and their size.

    MACs are the multiply-adds of convolutions, linear layers and matrix products for an
    output of 1280x720, bounded over all paths (every expert counts). The published number
    follows its paper's own convention; --json adds that convention and the source.

    \b
    Examples:
      paretosr models
      paretosr models --json
    """
    from blocks import CATALOGUE
    from paretosr.output import write_json, write_line, write_rows

    rows = [_row(entry) for entry in CATALOGUE]
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
    from profilers.analytic import analytic_cost, macs_lr_size_px

    height, width = macs_lr_size_px(entry.config.scale)
    cost = analytic_cost(entry.config, lr_height_px=height, lr_width_px=width, batch=1)
    return {
        "name": entry.name,
        "family": entry.config.family,
        "scale": entry.config.scale,
        "params": cost.params,
        "macs": cost.macs,
        "macs_published": entry.macs_published,
        "macs_published_convention": entry.published_convention,
        "source": entry.source,
    }


def _giga(macs: int | None) -> str:
    return "-" if macs is None else f"{macs / 1e9:,.2f}"
