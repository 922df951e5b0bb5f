"""Memory that was freed and that the C library keeps for later."""

import ctypes
import sys


def give_back_memory() -> None:
    """Hand freed memory to the system, where the C library can.

    glibc keeps freed blocks of up to 32 MiB, and tiles of different sizes leave pieces that fit
    none of the next: a process grew to twice of what one of them takes.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
