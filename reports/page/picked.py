"""The pick that a page shows: the one that was remembered, or else the knee."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foundation import FrozenConfig, parse_config
from foundation.documents import read_json
from reports.records import TrialRecord
from reports.run_settings import RunSettings
from reports.selection import KNEE, QUALITY, Selection, select

PICK_FILE = "pick.json"
"""Where `paretosr pick` remembers what it picked."""


class KeptPick(FrozenConfig):
    """What stands in that file."""

    selector: str
    by: str
    trial: int
    arch_id: str


@dataclass(frozen=True)
class Picked:
    """A network of a run, and why it is that one."""

    selector: str
    chosen: TrialRecord
    why: tuple[str, ...]
    runner_up: TrialRecord | None = None


def picked(run_dir: Path, records: Sequence[TrialRecord], settings: RunSettings) -> Picked | None:
    """The pick that is remembered in the run directory, or the knee; None where there is neither.

    A run without a quality or without a trained network has no knee.

    Raises:
        ValueError: the file is not what `paretosr pick` writes.
    """
    file = run_dir / PICK_FILE
    if not file.is_file():
        selection = _selected(records, settings, KNEE, QUALITY)
        return None if selection is None else _of(selection)
    kept = parse_config(KeptPick, read_json(file), str(file))
    chosen = [it for it in records if (it.trial, it.arch_id) == (kept.trial, kept.arch_id)]
    if not chosen:
        raise ValueError(
            f"{file} must name a trial of the run, got trial {kept.trial} ({kept.arch_id}): pick "
            "anew with paretosr pick"
        )
    selection = _selected(records, settings, kept.selector, kept.by)
    if selection is not None and selection.chosen == chosen[0]:
        return _of(selection)
    why = f"it was picked by {kept.selector!r}, which would choose another one now"
    return Picked(kept.selector, chosen[0], (why,))


def _selected(
    records: Sequence[TrialRecord], settings: RunSettings, selector: str, by: str
) -> Selection | None:
    try:
        return select(records, settings.objectives, selector, by)
    except ValueError:
        return None


def _of(selection: Selection) -> Picked:
    return Picked(selection.selector, selection.chosen, selection.why, selection.runner_up)
