"""Which machine a worker is on, and what it trains with there; loads no torch."""

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_ROOMS = (
    "foundation", "imaging", "blocks", "training", "profilers", "compressors", "reports", "search",
)  # fmt: skip
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Machine:
    """Where a worker is."""

    identity: str
    """The same for all that share its cores, containers included."""
    name: str

    @classmethod
    def here(cls) -> "Machine":
        """This one."""
        name = platform.node()
        return cls(_BOOT_ID.read_text().strip() if _BOOT_ID.is_file() else name, name)


@dataclass(frozen=True)
class Installed:
    """The versions that a training depends on."""

    code: str
    """A digest of all our own modules that it may run."""
    torch: str

    @classmethod
    def here(cls) -> "Installed":
        """What this machine trains with."""
        digest = hashlib.sha256()
        for path in sorted(path for room in _ROOMS for path in (_ROOT / room).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
        return cls(digest.hexdigest()[:10], version("torch"))
