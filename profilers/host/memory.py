"""The memory that running a network takes, beyond what it takes to hold it."""

from dataclasses import replace

import torch

from profilers.agent.prepared_network import PreparedCall
from profilers.agent.resident_memory import CALLS, MIB, peak_resident_mib
from profilers.agent.serving.messages import MeasureMemory, PeakMemory
from profilers.host.child import Child
from profilers.host.subject import Subject
from profilers.runtimes.registry import require_available
from profilers.runtimes.targets import RECORDED_RUNTIMES, Target

TIMEOUT_SECONDS = 300.0
# By default glibc adapts this threshold and keeps or returns freed blocks depending on how the
# heap happens to lie: the same network took 36 to 50 MiB. With a fixed one, freed tensors are
# returned.
RETURN_FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(128 * 1024)}


def measure_peak_memory_mib(
    subject: Subject, target: Target, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> float:
    """Return the peak memory of forward passes on `target`, in MiB, from a fresh process.

    Without a variant of the subject's, the network is run as it is written.

    On the CPU: peak resident size over four passes minus the resident size before the first,
    when the network and its input exist. On CUDA: the allocator's peak above its state then.
    A CUDA graph keeps what the runtime that it records takes for each pass: that is measured.

    Raises:
        ValueError: the target is not available on this machine, or runs a quantised program
            that the subject has not.
        ProfilingFailed: the process died, took longer than `timeout_seconds` or could not run
            the network.
    """
    require_available(target)
    subject.require_runs_on(target)
    recorded = RECORDED_RUNTIMES.get(target.runtime, target.runtime)
    target = replace(target, runtime=recorded)
    with Child(target, RETURN_FREED_MEMORY) as child:
        peak = child.request(MeasureMemory(subject.design()), PeakMemory, timeout_seconds)
    return peak.peak_memory_mib


def peak_memory_of_calls_mib(call: PreparedCall, device: str) -> float:
    """Return the peak memory of `call` in this process, which should have run nothing before."""
    if device != "cuda":
        return peak_resident_mib(call)
    torch.cuda.reset_peak_memory_stats()
    before_bytes = torch.cuda.memory_allocated()
    for _ in range(CALLS):
        call()
    return (torch.cuda.max_memory_allocated() - before_bytes) / MIB
