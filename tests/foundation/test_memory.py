"""The memory that may be taken, and what is given back of it."""

import os
import platform
from pathlib import Path

import pytest
import torch

from foundation import memory
from foundation.memory import available_memory_bytes, give_back_memory

MIB = 2**20
PHYSICAL_BYTES = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_it_is_part_of_the_physical_memory() -> None:
    assert 0 < available_memory_bytes() <= PHYSICAL_BYTES


@pytest.mark.parametrize(
    ("meminfo", "limit", "expected"),
    [
        ("MemTotal: 9 kB\nMemAvailable:   5 kB\n", "max\n", 5 * 1024),
        ("MemTotal: 9 kB\nMemAvailable:   5 kB\n", "4096\n", 4096),
        (None, None, PHYSICAL_BYTES),
    ],
)
def test_the_smallest_of_what_the_system_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meminfo: str | None,
    limit: str | None,
    expected: int,
) -> None:
    for name, text in (("meminfo", meminfo), ("memory.max", limit)):
        if text is not None:
            (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", (tmp_path / "memory.max",))
    assert available_memory_bytes() == expected


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def last_of(count: int) -> torch.Tensor:
    """The last of some blocks of a megabyte; those below it are freed."""
    return [torch.ones(MIB // 4) for _ in range(count)][-1]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries keep less")
def test_what_was_freed_is_no_longer_resident() -> None:
    last_of(1)  # from the first freed block of a size on, glibc keeps them
    give_back_memory()
    before_mib = resident_mib()
    kept = last_of(300)
    assert resident_mib() > before_mib + 250
    kept = last_of(300)
    give_back_memory()
    assert resident_mib() < before_mib + 50
    assert kept.sum() == MIB // 4
