"""What every runtime answers with."""

from collections.abc import Callable
from dataclasses import dataclass

PreparedCall = Callable[[], object]


@dataclass(frozen=True)
class Missing:
    """Why a runtime cannot be used on a device, and what would change that."""

    reason: str
    remedy: str
