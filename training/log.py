"""The course of a training as a CSV file that grows row by row and survives interruptions."""

import csv
from collections.abc import Mapping
from pathlib import Path

from foundation import write_text_atomically, writing
from foundation.append_only import whole_lines

Row = Mapping[str, float | None]
"""Numbers by column; None where one is not known."""


class TrainingLog:
    """One row for each logged step, in the order of `step`; the first row names the columns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def continue_after(self, step: int) -> None:
        """Forget the rows after `step`, and a row that was not written to its end."""
        if not self._path.exists():
            return
        header, *rows = whole_lines(self._path) or [""]
        kept = [row for row in rows if int(row.split(",", 1)[0]) <= step]
        text = "".join(f"{line}\n" for line in (header, *kept)) if kept else ""
        write_text_atomically(self._path, text)

    def add(self, row: Row) -> None:
        """Append a row. A log keeps the columns it began with, in an earlier version perhaps."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        columns = self._columns() or [*row]
        with writing(self._path), self._path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow(row)

    def _columns(self) -> list[str]:
        """Of the log that was begun; none before the first row."""
        if not self._path.exists():
            return []
        with self._path.open(encoding="utf-8") as file:
            header = file.readline().rstrip("\n")
        return header.split(",") if header else []

    def best(self, column: str) -> tuple[int, float] | None:
        """The step and the value of the first greatest number of a column; None without any."""
        rows = csv.DictReader(whole_lines(self._path) if self._path.exists() else [])
        known = [(int(row["step"]), float(row[column])) for row in rows if row.get(column)]
        return max(known, key=lambda pair: pair[1], default=None)
