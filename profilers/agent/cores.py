"""The cores that this process may use, and the one it runs on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CORE_FIELD = 36  # of /proc/PID/stat behind the name, see proc_pid_stat(5)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def current_core() -> int | None:
    """Return the core that this process last ran on, or None if the system does not say."""
    try:
        stat = Path("/proc/self/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return int(stat.rpartition(")")[2].split()[_CORE_FIELD])


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Pin all threads of this process to `core`, as numbered by `current_core`; None pins none."""
    if core is None:
        yield
        return
    threads = [int(thread.name) for thread in Path("/proc/self/task").iterdir()]
    before = {}
    for thread in threads:
        with suppress(ProcessLookupError):  # it has ended since
            before[thread] = os.sched_getaffinity(thread)
            os.sched_setaffinity(thread, {core})
    try:
        yield
    finally:
        for thread, cores in before.items():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(thread, cores)
