"""The int8 programs that were made on the way, for targets with precision=int8."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from compressors import Cache
from paretosr.results import Result, Table


@dataclass(frozen=True, repr=False)
class CachedPrograms(Result):
    """What the cache of int8 programs holds."""

    folder: Path
    """Where it lies."""
    networks: int
    """Quantised networks in it, now."""
    size_mib: float
    limit_mib: float
    """Beyond which those unused for longest are removed."""
    removed: int = 0
    """Quantised networks that were removed just now."""

    def to_dict(self) -> Mapping[str, object]:
        return {**asdict(self), "folder": str(self.folder)}

    def tables(self) -> Sequence[Table]:
        return ()

    def sentences(self) -> Sequence[str]:
        removed = (f"removed: {self.removed} quantised networks",) if self.removed else ()
        return (
            *removed,
            f"{self.folder}: {self.networks} quantised networks, {self.size_mib:.1f} of "
            f"{self.limit_mib:g} MiB",
        )


def cache(*, empty: bool = False) -> CachedPrograms:
    """Return what the cache of int8 programs holds, after emptying it if that is asked for.

    A model that runs on a target with precision=int8 without having been quantised is quantised
    first and kept there, below XDG_CACHE_HOME or ~/.cache.

    Args:
        empty: remove everything first.

    Raises:
        OSError: something cannot be removed.

    Examples:
        >>> import paretosr as psr
        >>> psr.cache(empty=True).networks  # doctest: +SKIP
        0
    """
    kept = Cache()
    removed = kept.empty() if empty else 0
    sizes_mib = kept.sizes_mib()
    return CachedPrograms(kept.folder, len(sizes_mib), sum(sizes_mib), kept.limit_mib, removed)
