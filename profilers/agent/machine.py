"""A description of this machine that needs no PyTorch."""

import contextlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from profilers.agent.cores import usable_cores

_LIBRARIES = ("torch", "numpy", "onnxruntime", "openvino", "executorch", "ncnn", "pnnx")
# Of the many that Linux lists on x86 and Arm, those for which neural-network kernels exist.
_INSTRUCTION_SETS = (
    *("avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16"),
    *("avx512_fp16", "amx_bf16", "amx_int8", "amx_tile"),
    *("asimd", "asimdhp", "asimddp", "sve", "sve2", "bf16", "i8mm"),
)
_MAXIMUM_CLOCK = Path("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")

Description = dict[str, str | int]
"""Plain JSON values. What the system does not report is "unknown" or left out, never guessed."""


@dataclass(frozen=True)
class InstructionSet:
    """What a processor has for products of 8-bit integers; what is not known it has not."""

    avx2: bool = False
    avx_vnni: bool = False
    avx512_vnni: bool = False
    amx_int8: bool = False
    arm: bool = False
    """Advanced SIMD of 64-bit Arm."""
    arm_dot_product: bool = False

    @classmethod
    def of(cls, description: Mapping[str, str | int]) -> "InstructionSet":
        """Return that of a machine as `describe_machine` describes it."""
        known = str(description["cpu_instruction_sets"]).split()
        names = {"arm": "asimd", "arm_dot_product": "asimddp"}
        return cls(**{it.name: names.get(it.name, it.name) in known for it in fields(cls)})

    @property
    def has_dot_product(self) -> bool:
        """Whether one instruction sums four products of 8 bits in 32 bits."""
        return self.avx_vnni or self.avx512_vnni or self.amx_int8 or self.arm_dot_product

    @property
    def saturates(self) -> bool:
        """Whether a sum of two products is cut off at 16 bits, as vpmaddubsw of AVX2 does."""
        return not (self.has_dot_product or self.arm)

    def __str__(self) -> str:
        """Return the names of what there is, or "unknown"."""
        return " ".join(it.name for it in fields(self) if getattr(self, it.name)) or "unknown"


def describe_machine() -> Description:
    """Return processor, cores, clock, instruction sets, memory, system and library versions."""
    description: Description = {
        "cpu_model": _cpu_fields().get("model name") or platform.machine() or "unknown",
        "cpu_cores": os.cpu_count() or 0,
        "cpu_cores_usable": usable_cores(),
        "cpu_instruction_sets": _instruction_sets(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "os": platform.platform(),
        "python_version": platform.python_version(),
    }
    with contextlib.suppress(OSError):
        description["cpu_maximum_mhz"] = int(_MAXIMUM_CLOCK.read_text(encoding="ascii")) // 1000
    for library in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            description[f"{library}_version"] = version(library)
    return description


def _instruction_sets() -> str:
    fields = _cpu_fields()
    known = (fields.get("flags") or fields.get("Features") or "").split()
    return " ".join(name for name in _INSTRUCTION_SETS if name in known) or "unknown"


def _cpu_fields() -> dict[str, str]:
    """The processor's entries in /proc/cpuinfo; platform.processor() is mostly empty on Linux."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return {}
    lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}
