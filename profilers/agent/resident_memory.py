"""Resident memory of this process."""

import contextlib
import resource
import sys
from collections.abc import Callable
from pathlib import Path

MIB = 2**20
CALLS = 4


def peak_resident_mib(call: Callable[[], object]) -> float:
    """Return the peak resident size over four calls minus the size before the first, in MiB.

    This process should have run nothing before.
    """
    _reset_peak_resident()
    before_bytes = _resident_bytes()
    for _ in range(CALLS):
        call()
    return max(0, _peak_resident_bytes() - before_bytes) / MIB


def _reset_peak_resident() -> None:
    """Reset the peak, so that imports and the building of the network do not count.

    Where the system cannot do this they may count, but they rarely use as much as running does.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _resident_bytes() -> int:
    if sys.platform == "linux":
        return _proc_status_bytes("VmRSS")
    return _peak_resident_bytes()


def _peak_resident_bytes() -> int:
    if sys.platform == "linux":
        return _proc_status_bytes("VmHWM")
    # macOS counts bytes here where other systems count KiB.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _proc_status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == field:
            return int(value.split()[0]) * 1024
    raise OSError(f"/proc/self/status has no field {field}")
