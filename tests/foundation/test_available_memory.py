"""The memory that may be taken."""

import os
from pathlib import Path

import pytest

from foundation import available_memory
from foundation.available_memory import available_memory_bytes

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
    monkeypatch.setattr(available_memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(available_memory, "_CGROUP_LIMITS", (tmp_path / "memory.max",))
    assert available_memory_bytes() == expected
