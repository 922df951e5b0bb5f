"""Pruned and distilled networks beside those of a run that they come from."""

from collections.abc import Sequence
from pathlib import Path

from foundation.listener import SILENT, Listener
from foundation.plugins import load_plugins
from paretosr.answers.picking import directory_of
from paretosr.runs import Run, open_run
from search.insights.judging import judge_relatives
from search.insights.relatives import find_relatives
from search.report import REPLAYED
from search.session import read_config
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run
from training.state import unfinished_note


def judge_compressed(
    run: Run | str | Path,
    networks: str | Path | Sequence[str | Path],
    *,
    listener: Listener = SILENT,
) -> Run:
    """Return a run with the networks that were pruned from its own or taught by them.

    Each is judged on the run's validation images and timed on its target, as its trials were, and
    kept in compressed.json in the run directory; `Run.report` and `paretosr report` then show it
    beside the network that it comes from. What is known already is not judged again.

    Args:
        run: a run, or its directory.
        networks: checkpoints and folders, such as `prune` and `train` write: in a folder each
            model.safetensors counts, but for those inside of a folder that has one. Where a
            network comes from is what its checkpoint says: its parent, or else its teacher.
        listener: hears of progress, and of checkpoints in folders that are passed over.

    Raises:
        ValueError: there is no such network, one comes from none of the run, the run is a replay or
            still goes on, or its target or photographs are missing.
        OSError: the run directory cannot be written.

    Examples:
        >>> import paretosr as psr
        >>> run = psr.judge_compressed("runs/mine", "runs/small")  # doctest: +SKIP
        >>> print(run.report())  # doctest: +SKIP
    """
    run_dir = directory_of(run)
    contents = read_run(run_dir)
    if (table := contents.settings.get(REPLAYED)) is not None:
        raise ValueError(
            f"pruned and distilled networks come from trained ones, but {run_dir} is a replay of "
            f"{table}"
        )
    load_plugins(contents.plugins)
    given = [networks] if isinstance(networks, str | Path) else networks
    directory = RunDirectory(run_dir)
    found = find_relatives(map(Path, given), directory, contents.records)
    for line in found.passed_over:
        listener.warning(f"passed over: {line}")
    for relative in found.relatives:
        if (note := unfinished_note(relative.file)) is not None:
            listener.warning(note)
    judge_relatives(read_config(run_dir), directory, found.relatives, listener)
    return open_run(run_dir)
