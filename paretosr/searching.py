"""Running a session of a search under a display, and ending it so that it can go on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paretosr.cli.output import write_note
from paretosr.cli.search_display import SearchDisplay
from search.config import SearchConfig, load_search_config
from search.session import read_config, resume_search, start_search
from search.storage.changes import Changes
from search.storage.run_directory import RunDirectory


def launched(config_path: Path, run_dir: Path) -> str:
    """Run a new search to its end and return in words what ended it."""
    config = load_search_config(config_path)
    with _session(config, run_dir) as display:
        return start_search(config, run_dir, display)


def continued(run_dir: Path, config_path: Path | None, changes: Changes) -> str:
    """Run the rest of a search and return in words what ended it."""
    expected = load_search_config(config_path) if config_path is not None else None
    with _session(read_config(run_dir, changes), run_dir) as display:
        return resume_search(run_dir, display, changes=changes, expected=expected)


@contextmanager
def _session(config: SearchConfig, run_dir: Path) -> Iterator[SearchDisplay]:
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with SearchDisplay(config) as display:
            yield display
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(f"interrupted; {_how_to_go_on(run_dir)}") from interrupt
    except (OSError, RuntimeError):
        write_note(_how_to_go_on(run_dir))
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _how_to_go_on(run_dir: Path) -> str:
    if not RunDirectory(run_dir).settings.exists():
        return "nothing has been trained or written yet"
    return (
        f"nothing finished is lost: `paretosr search --resume {run_dir}` continues, "
        f"`paretosr report {run_dir}` shows what there is"
    )


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
