"""SplitSR's block kinds against one another at about equal MACs."""

import io
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from csv import writer
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from foundation import write_text_atomically
from reports.records import TrialRecord

STANDARD = "standard"
"""The kind of a network none of whose blocks is split."""
_DEFAULT = "split"
_HEADER = (
    "gmacs_from",
    "gmacs_below",
    "block_kind",
    "networks",
    "psnr_y_db",
    "gmacs",
    "trial",
    "arch_id",
)


@dataclass(frozen=True)
class Band:
    """The trained networks whose MACs lie between two powers of 2, the upper excluded."""

    gmacs_from: float
    """Billions of multiply-adds for an output of 1280x720."""
    networks: Mapping[str, Sequence[TrialRecord]]
    """By kind; a kind without a network is left out."""

    @property
    def gmacs_below(self) -> float:
        return 2 * self.gmacs_from

    def best(self, kind: str) -> TrialRecord | None:
        """The network of a kind with the highest PSNR."""
        return max(self.networks.get(kind, ()), key=_psnr_db, default=None)


def bands(records: Sequence[TrialRecord]) -> tuple[Band, ...]:
    """The bands that hold a network, the cheapest first; none for a run of fewer than two kinds."""
    found: defaultdict[int, defaultdict[str, list[TrialRecord]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for record in records:
        kind = block_kind(record)
        if kind is not None and record.state == "trained" and record.psnr_y_db and record.macs:
            found[math.floor(math.log2(record.macs / 1e9))][kind].append(record)
    kinds = {kind for networks in found.values() for kind in networks} - {STANDARD}
    if len(kinds) < 2:
        return ()
    return tuple(Band(2.0**power, found[power]) for power in sorted(found))


def block_kind(record: TrialRecord) -> str | None:
    """What stands at the split places of a SplitSR network; None for any other."""
    config = record.config
    if record.family != "splitsr" or config is None:
        return None
    mask = config.get("split_mask")
    is_split = bool(config["hybrid_index"]) if mask is None else any(map(any, _rows(mask)))
    if config["location"] == "upsampler" or not is_split:
        return STANDARD
    return str(config.get("block_kind", _DEFAULT))


def write_bands(path: Path, found: Sequence[Band]) -> None:
    """Replace `path` with a line for each band and kind: its best network, and of how many.

    Raises:
        OSError: the folder cannot be written.
    """
    text = io.StringIO()
    lines = writer(text, lineterminator="\n")
    lines.writerow(_HEADER)
    for band in found:
        for kind in _kinds([band]):
            best = band.best(kind)
            if best is not None and best.macs is not None:
                lines.writerow(
                    (
                        band.gmacs_from,
                        band.gmacs_below,
                        kind,
                        len(band.networks[kind]),
                        best.psnr_y_db,
                        best.macs / 1e9,
                        best.trial,
                        best.arch_id,
                    )
                )
    write_text_atomically(path, text.getvalue())


def bands_table(found: Sequence[Band]) -> Table:
    """For a terminal: a row for each band, a column for each kind, the best PSNR in dB."""
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        caption="best PSNR (dB) of each kind of block; in brackets, of how many networks",
        caption_justify="left",
    )
    kinds = _kinds(found)
    table.add_column("GMACs", justify="right", no_wrap=True)
    for kind in kinds:
        table.add_column(kind.replace("_", "\n"), justify="right")
    for band in found:
        cells = [_cell(band, kind) for kind in kinds]
        table.add_row(f"{band.gmacs_from:g} to {band.gmacs_below:g}", *cells)
    return table


def _kinds(found: Sequence[Band]) -> list[str]:
    """The kinds that have a network, standard blocks first."""
    kinds = {kind for band in found for kind in band.networks}
    return sorted(kinds, key=lambda kind: (kind != STANDARD, not kind.startswith(_DEFAULT), kind))


def _cell(band: Band, kind: str) -> str:
    best = band.best(kind)
    return "" if best is None else f"{best.psnr_y_db:.2f} ({len(band.networks[kind])})"


def _psnr_db(record: TrialRecord) -> float:
    return record.psnr_y_db or 0.0


def _rows(mask: object) -> Sequence[Sequence[bool]]:
    assert isinstance(mask, list | tuple)
    return mask
