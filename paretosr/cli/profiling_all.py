"""What `paretosr profile --all` does: fill a table, and say how that went."""

from collections import Counter
from pathlib import Path

from paretosr.cli.output import write_json, write_line, write_note
from paretosr.cli.progress import progress_bar
from paretosr.profile_table import ProfileTable
from paretosr.sweep import catalogue_networks, sweep, targets_here, unfinished


def profile_all(
    file: Path, scale: int | None, target: str, *, max_seconds: float, as_json: bool
) -> None:
    """Add to `file` a row for each network on each target that it has none of.

    Raises:
        ValueError: scale or target is unknown, or the file is another table.
        OSError: the file cannot be read or written.
        KeyboardInterrupt: interrupted; the file holds what was measured until then.
    """
    networks = catalogue_networks(scale)
    targets, missing = targets_here(target)
    for line in missing:
        write_note(line)
    table = ProfileTable(file)
    cells = unfinished(networks, targets, table)
    total = sum(map(len, cells.values()))
    states: Counter[object] = Counter()
    try:
        with progress_bar("profiling", total=total, silent=as_json, still=True) as update:
            for row in sweep(cells, max_seconds=max_seconds, update=update):
                table.add(row)
                states[row["state"]] += 1
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; the same command goes on with {file}") from None
    skipped = len(networks) * len(targets) - total
    if as_json:
        write_json(
            {
                "csv": str(file),
                "measured": states["measured"],
                "failed": states["failed"],
                "skipped": skipped,
            }
        )
    else:
        write_line(
            f"{file}: {states['measured']} measured, {states['failed']} failed for the reason "
            f"in their row, {skipped} skipped because they were there"
        )
