import os
import platform
from pathlib import Path

import pytest
import torch

from foundation.freed_memory import give_back_memory

MIB = 2**20


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
