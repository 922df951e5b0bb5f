"""Memory of this process: how much it may still take, giving back what is freed, having none."""

import ctypes
import os
import sys
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
# In a container, meminfo shows the whole machine; the container's own limit is here.
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def available_memory_bytes() -> int:
    """The memory that can be taken without swapping, at most the container's limit.

    Where the system does not report what is available (macOS), this is all physical memory.
    """
    known = [
        _physical_memory_bytes(),
        _meminfo_available_bytes(),
        *map(_limit_bytes, _CGROUP_LIMITS),
    ]
    return min(value for value in known if value is not None)


def give_back_memory() -> None:
    """Return freed memory to the system, if the C library can.

    glibc keeps freed blocks of up to 32 MiB, and tiles of different sizes leave gaps that do not
    fit the next one: a process grew to twice what a single tile takes.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it is Python's error or one of PyTorch's, whose words are about its allocator."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in str(error)
    )


def _physical_memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _meminfo_available_bytes() -> int | None:
    if not _MEMINFO.is_file():
        return None
    fields = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 1024


def _limit_bytes(path: Path) -> int | None:
    """The number in the file; None where there is no file or no limit ("max")."""
    text = path.read_text().strip() if path.is_file() else ""
    return int(text) if text.isdigit() else None
