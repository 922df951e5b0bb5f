"""How much memory running a network takes, beyond having it."""

import contextlib
import resource
import sys
from pathlib import Path

import torch

from profilers.child import Child
from profilers.prepared import PreparedCall
from profilers.runtimes import require_available
from profilers.subject import Subject
from profilers.targets import Target

MIB = 2**20
CALLS = 4
TIMEOUT_SECONDS = 300.0
# By default glibc moves this threshold as it goes and keeps freed blocks, or not, as the heap
# happens to lie: the same network took 36 to 50 MiB. Fixed, tensors leave when they are freed.
RETURN_FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(128 * 1024)}


def measure_peak_memory_mib(
    subject: Subject, target: Target, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> float:
    """Return the peak memory of forward passes on `target`, in MiB, from a fresh process.

    Without a form of the subject's, the network is run as it is written.

    On the CPU: peak resident size over four passes minus the resident size before the first,
    when the network and its input exist. On CUDA: the allocator's peak above its state then.

    Raises:
        ValueError: the target is not available on this machine.
        ProfilingFailed: the process died, took longer than `timeout_seconds` or could not run
            the network.
    """
    require_available(target)
    with Child(target, RETURN_FREED_MEMORY) as child:
        message = {"do": "memory", "subject": subject.to_json()}
        reply = child.request(message, timeout_seconds)
    return float(reply["peak_memory_mib"])


def peak_memory_of_calls_mib(call: PreparedCall, device: str) -> float:
    """Return the same for `call` in this process, which should have run nothing before."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before_bytes = torch.cuda.memory_allocated()
        _run(call)
        return (torch.cuda.max_memory_allocated() - before_bytes) / MIB
    _reset_peak_resident()
    before_bytes = _resident_bytes()
    _run(call)
    return max(0, _peak_resident_bytes() - before_bytes) / MIB


def _run(call: PreparedCall) -> None:
    for _ in range(CALLS):
        call()


def _reset_peak_resident() -> None:
    """Let the peak start anew, so that importing and building do not count.

    Where the system has no such switch they may; they rarely reach as high as running does.
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
