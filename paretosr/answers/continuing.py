"""Where a search writes, and what it says when something ends it."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.storage.run_directory import RunDirectory


def fresh_directory(name: str) -> Path:
    return Path("runs") / f"{name}-{datetime.datetime.now():%Y%m%d-%H%M%S}"


@contextmanager
def continuable(run_dir: Path) -> Iterator[None]:
    """Let what ends a search say how it goes on."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(f"interrupted; {_how_to_go_on(run_dir)}") from interrupt
    except (OSError, RuntimeError) as error:
        error.add_note(_how_to_go_on(run_dir))
        raise


def _how_to_go_on(run_dir: Path) -> str:
    if not RunDirectory(run_dir).settings.exists():
        return "nothing has been trained or written yet"
    return (
        f"nothing finished is lost: `paretosr search --resume {run_dir}` continues, "
        f"`paretosr report {run_dir}` shows what there is"
    )
