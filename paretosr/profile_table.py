"""The table of `paretosr profile --all`: a CSV file that is whole at any time."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from foundation import write_text_atomically

Row = Mapping[str, object]
"""Values under the names of `COLUMNS`; what is left out or None is unknown."""

KEY = ("model", "scale", "target")
COLUMNS = (
    *KEY,
    "family",
    "arch_id",
    "runtime",
    "variant",
    "lr_height_px",
    "lr_width_px",
    "state",
    "reason",
    "params",
    "macs",
    "activation_mib",
    "peak_memory_mib",
    "latency_ms",
    "latency_ci_low_ms",
    "latency_ci_high_ms",
    "latency_ratio",
    "first_ms",
    "p90_ms",
    "repeats",
    "reference_spread",
    "quiet_share",
    "prepare_seconds",
    "max_difference",
    "clock",
    "reference_ms",
    "source",
)


class ProfileTable:
    """The rows of a file, each on the disk when `add` returns.

    Raises:
        ValueError: the file has other columns than `COLUMNS`.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows = _read(path) if path.exists() else []

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row: Row) -> bool:
        """Whether there is a row of the same network on the same target."""
        key = [str(row[name]) for name in KEY]
        return any(key == [str(known[name]) for name in KEY] for known in self._rows)

    def add(self, row: Row) -> None:
        """Append `row` and replace the file.

        Raises:
            OSError: the file cannot be written.
        """
        self._rows.append(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text_atomically(self.path, text.getvalue())


def _read(path: Path) -> list[Row]:
    columns: Sequence[str] | None = None
    rows: list[Row] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            columns = reader.fieldnames
    except (csv.Error, UnicodeDecodeError):
        pass  # no table at all
    if tuple(columns or ()) != COLUMNS:
        raise ValueError(
            f"{path} must be a table that paretosr profile --all wrote, but it is none, or its "
            "columns are others; name another file"
        )
    return rows
