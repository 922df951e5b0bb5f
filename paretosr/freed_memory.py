"""Memory that was freed and that the C library keeps for later."""

import ctypes
import sys
from collections.abc import Callable
from typing import TypeVar

ArgumentT = TypeVar("ArgumentT")
ResultT = TypeVar("ResultT")


def giving_back_memory(call: Callable[[ArgumentT], ResultT]) -> Callable[[ArgumentT], ResultT]:
    """Return `call`, after which what it freed goes back to the system.

    glibc keeps freed blocks of up to 32 MiB, and calls of different sizes leave pieces that fit
    none of the next: with tiles a process grew to twice of what one of them takes.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is None:
        return call

    def call_and_give_back(argument: ArgumentT) -> ResultT:
        result = call(argument)
        trim(0)
        return result

    return call_and_give_back
