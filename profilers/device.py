"""What machine a number was measured on."""

import contextlib
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

_LIBRARIES = ("torch", "numpy", "onnxruntime", "openvino", "executorch")


def describe_device() -> dict[str, str | int]:
    """Return processor, cores, instruction sets, memory, system and library versions.

    JSON-able. What the system does not tell is "unknown" or left out, never guessed.
    """
    description: dict[str, str | int] = {
        "cpu_model": _cpu_model(),
        "cpu_cores": os.cpu_count() or 0,
        "cpu_cores_usable": _usable_cores(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "os": platform.platform(),
        "python_version": platform.python_version(),
        "torch_threads": torch.get_num_threads(),
    }
    for library in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            description[f"{library}_version"] = version(library)
    if torch.cuda.is_available():
        description["cuda_device"] = torch.cuda.get_device_name()
        description["cuda_version"] = torch.version.cuda or "unknown"
    return description


def _cpu_model() -> str:
    """Linux says it in /proc/cpuinfo, where platform.processor() is mostly empty."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def _usable_cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 0
