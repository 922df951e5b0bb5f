"""The published networks with their parameters and MACs, which were counted beforehand.

Counting takes PyTorch and many seconds, so `catalogue.csv` holds what it gives. A test counts
again; `python tools/count_catalogue.py` writes the file.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paretosr.results import Result, Table

# What counts loads torch, which a list does not need.
if TYPE_CHECKING:
    from blocks import CatalogueEntry

CATALOGUE_FILE = Path(__file__).with_name("catalogue.csv")


@dataclass(frozen=True)
class CatalogueRow:
    """One published network at one scale, and its size."""

    name: str
    """What `load` takes, together with the scale."""
    family: str
    scale: int
    params: int
    macs: int
    """Multiply-adds of convolutions, linear layers and matrix products for an output of 1280x720
    on the costliest path, each computed once."""
    macs_published: int | None
    """As the paper prints it."""
    macs_published_convention: str
    """How the published number was counted, or why there is none."""
    source: str
    """The paper or the repository."""

    @classmethod
    def of(cls, entry: "CatalogueEntry") -> "CatalogueRow":
        """The row of an entry, its operators counted."""
        from profilers.counting.analytic_cost import macs_bound

        bound = macs_bound(entry.config)
        return cls(
            name=entry.name,
            family=entry.config.family,
            scale=entry.config.scale,
            params=bound.parameters,
            macs=bound.total,
            macs_published=entry.macs_published,
            macs_published_convention=entry.published_convention,
            source=entry.source,
        )


@dataclass(frozen=True, repr=False)
class Catalogue(Result):
    """The published networks."""

    rows: tuple[CatalogueRow, ...]

    def to_dict(self) -> Mapping[str, object]:
        return {"models": [asdict(row) for row in self.rows]}

    def tables(self) -> Sequence[Table]:
        rows = [
            (
                row.name,
                row.family,
                f"x{row.scale}",
                f"{row.params:,}",
                _giga(row.macs),
                _giga(row.macs_published),
            )
            for row in self.rows
        ]
        numeric = ("parameters", "GMACs", "published GMACs")
        return (Table(("name", "family", "scale", *numeric), tuple(rows), frozenset(numeric)),)

    def sentences(self) -> Sequence[str]:
        return (
            "GMACs for an output of 1280x720. These are designs: paretosr train gives weights.",
        )


def catalogue() -> Catalogue:
    """Return the published networks, each with its parameters and MACs, without loading torch.

    MACs are those of an output of 1280x720 pixels, an integer like the parameters.

    Examples:
        >>> import paretosr as psr
        >>> row = next(row for row in psr.catalogue().rows if row.name == "seemore-t")
        >>> row.scale, row.params
        (2, 220104)
    """
    with CATALOGUE_FILE.open(encoding="utf-8", newline="") as file:
        return Catalogue(tuple(map(_row, csv.DictReader(file))))


def _row(text: Mapping[str, str]) -> CatalogueRow:
    known: dict[str, Any] = dict(text)
    for name in ("scale", "params", "macs"):
        known[name] = int(text[name])
    published = text["macs_published"]
    return CatalogueRow(**{**known, "macs_published": int(published) if published else None})


def _giga(macs: int | None) -> str:
    return "-" if macs is None else f"{macs / 1e9:,.2f}"
