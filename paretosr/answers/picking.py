"""One network picked out of a run, and remembered there."""

import errno
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foundation import write_text_atomically
from foundation.documents import read_json
from foundation.listener import SILENT, Listener
from paretosr.results import Result, Table
from paretosr.runs import Run
from reports.columns import row_values
from reports.nothing_trained import why_nothing_trained
from reports.page.picked import PICK_FILE
from reports.records import OBJECTIVES, TrialRecord
from reports.selection import KNEE, QUALITY, Selection, is_selector, select, shown
from search.report import run_settings
from search.storage.study import RunContents, read_run

if TYPE_CHECKING:
    from blocks.models import Model

PICK = "pick"
"""The trial that was picked last."""
_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True, repr=False)
class Pick(Result):
    """The network of a run that answers a question, and why it is that one."""

    run: Path
    """The run directory."""
    selection: Selection
    """The chosen record and the runner-up, the reasons, and those too near to a bound."""
    bicubic: TrialRecord | None
    """The record of the baseline, if it was measured."""
    file: Path | None = None
    """Where the pick is remembered, so that RUN_DIR:pick stands for it; None if it is not."""

    @property
    def trial(self) -> int | None:
        """The number of the chosen trial."""
        return self.selection.chosen.trial

    @property
    def model(self) -> "Model":
        """The chosen network with its trained weights, if they are still there."""
        from paretosr.models import load

        return load(self.reference)

    @property
    def reference(self) -> str:
        """The chosen network as a MODEL: RUN_DIR:TRIAL."""
        return f"{self.run}:{self.trial}"

    def to_dict(self) -> Mapping[str, object]:
        chosen, runner_up = self.selection.chosen, self.selection.runner_up
        return {
            "selector": self.selection.selector,
            "by": self.selection.by,
            "model": self.reference,
            "pick": dict(row_values(chosen)),
            "runner_up": None if runner_up is None else dict(row_values(runner_up)),
            "bicubic": None if self.bicubic is None else dict(row_values(self.bicubic)),
            "uncertain": [record.trial for record in self.selection.uncertain],
            "why": list(self.selection.why),
            "file": None if self.file is None else str(self.file),
        }

    def tables(self) -> Sequence[Table]:
        selection = self.selection
        roles = {
            "pick": selection.chosen,
            "runner-up": selection.runner_up,
            "bicubic": self.bicubic,
        }
        known = {role: record for role, record in roles.items() if record is not None}
        rows = [
            ("trial", *("" if it.trial is None else str(it.trial) for it in known.values())),
            ("architecture", *(it.arch_id for it in known.values())),
            *(
                (OBJECTIVES[name].label, *(shown(it, name) for it in known.values()))
                for name in self._columns
            ),
        ]
        return (Table(("", *known), tuple(row for row in rows if any(row[1:]))),)

    def sentences(self) -> Sequence[str]:
        remembered = f", also {self.run}:{PICK}" if self.file is not None else ""
        return (*self.selection.why, f"MODEL: {self.reference}{remembered}")

    @property
    def _columns(self) -> Sequence[str]:
        """What decided, what was bounded, and what any network is judged by."""
        selection = self.selection
        wanted = (selection.by, selection.cost, *selection.bounded, QUALITY, "macs", "params")
        return [name for name in dict.fromkeys(wanted) if name in OBJECTIVES]


def pick(
    run: Run | str | Path,
    selector: str = KNEE,
    *,
    by: str = QUALITY,
    listener: Listener = SILENT,
) -> Pick:
    """Return the network of a run that `selector` asks for, and remember it there.

    Args:
        run: a run or its directory, of a search that has ended or goes on.
        selector: "knee", the number of a trial, the id of an architecture, or bounds on columns,
            such as "latency_ms<=15 and macs<=2e9".
        by: the column that decides between the networks that keep the bounds.
        listener: is warned if the run directory is read-only, so that nothing is remembered.

    Returns:
        The network with the runner-up and the reasons. A cheaper one whose PSNR ties within the
        noise between seeds comes first, as does one whose whole interval keeps a bound. The model
        "RUN_DIR:pick" stands for it from now on.

    Raises:
        ValueError: not a run directory, the selector means nothing, or no trained network is what
            is asked for; the message names the nearest.
        OSError: the pick cannot be written, because the disk is full for instance.

    Examples:
        >>> import paretosr as psr
        >>> pick = psr.pick("runs/mine", "macs<=5e9")  # doctest: +SKIP
        >>> pick.trial, pick.selection.why  # doctest: +SKIP
    """
    run_dir = directory_of(run)
    contents = read_run(run_dir)
    selection = _selected(contents, selector, by)
    file: Path | None = run_dir / PICK_FILE
    chosen = selection.chosen
    kept = {
        "selector": selection.selector,
        "by": by,
        "trial": chosen.trial,
        "arch_id": chosen.arch_id,
    }
    try:
        write_text_atomically(run_dir / PICK_FILE, json.dumps(kept, indent=2) + "\n")
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise
        listener.warning(f"the run directory is read-only: {run_dir}:{PICK} is not changed")
        file = None
    return Pick(run_dir, selection, contents.baseline, file)


def directory_of(run: Run | str | Path) -> Path:
    """The directory of a run that may be given by it."""
    return run.path if isinstance(run, Run) else Path(run)


def trial_named(
    run_dir: Path, contents: RunContents, name: str, listener: Listener | None
) -> int | str:
    """The trial of a run that `name` stands for: the pick, the knee, bounds, or the trial's own.

    Raises:
        ValueError: nothing is what the selector asks for, or the file of the pick is corrupt.
    """
    if name == PICK:
        return _kept_pick(run_dir, contents, listener)
    return _trial_of(_selected(contents, name)) if is_selector(name) else name


def record_of(
    run_dir: Path, contents: RunContents, selector: str, listener: Listener
) -> TrialRecord:
    """The record of the trained trial that `selector` asks for, which may be the last pick.

    Raises:
        ValueError: no trained network is what is asked for.
    """
    name = str(_kept_pick(run_dir, contents, listener)) if selector == PICK else selector
    return _selected(contents, name).chosen


def _kept_pick(run_dir: Path, contents: RunContents, listener: Listener | None) -> int | str:
    file = run_dir / PICK_FILE
    if not file.exists():
        selection = _selected(contents, KNEE)
        if listener is not None:
            listener.warning(
                f"nothing was picked in {run_dir} yet, so {run_dir}:{PICK} is the knee, trial "
                f"{selection.chosen.trial}: paretosr pick chooses another"
            )
        return _trial_of(selection)
    kept = read_json(file)
    trial = kept.get("trial") if isinstance(kept, Mapping) else None
    if not isinstance(trial, int):
        raise ValueError(f"{file} must name a trial: pick again with paretosr pick {run_dir} ...")
    return trial


def _selected(contents: RunContents, selector: str, by: str = QUALITY) -> Selection:
    settings = run_settings(contents.settings)
    rows = contents.records if contents.baseline is None else (contents.baseline, *contents.records)
    if (why := why_nothing_trained(rows, settings)) is not None:
        raise ValueError(f"there must be a trained network to pick, but {why}")
    return select(rows, settings.objectives, selector, by)


def _trial_of(selection: Selection) -> int:
    assert selection.chosen.trial is not None  # only the baseline has none
    return selection.chosen.trial
