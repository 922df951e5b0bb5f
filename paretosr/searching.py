"""Running a session of a search under a display, and ending it so that it can go on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paretosr.search_display import SearchDisplay
from search.config import SearchConfig, load_search_config
from search.session import read_config, resume_search, start_search


def launched(config_path: Path, run_dir: Path) -> str:
    """Run a new search to its end and return in words what ended it."""
    config = load_search_config(config_path)
    with _session(config, run_dir) as display:
        return start_search(config, run_dir, display)


def continued(run_dir: Path, config_path: Path | None) -> str:
    """Run the rest of a search and return in words what ended it."""
    expected = load_search_config(config_path) if config_path is not None else None
    with _session(read_config(run_dir), run_dir) as display:
        return resume_search(run_dir, display, expected=expected)


@contextmanager
def _session(config: SearchConfig, run_dir: Path) -> Iterator[SearchDisplay]:
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with SearchDisplay(config) as display:
            display.notice(f"the run is in {run_dir}")
            try:
                yield display
            except (OSError, RuntimeError):
                display.notice(
                    f"what has finished is kept; `paretosr search --resume {run_dir}` continues"
                )
                raise
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(
            f"interrupted; nothing finished is lost: `paretosr search --resume {run_dir}` "
            "continues and `paretosr report` shows what there is"
        ) from interrupt
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
