"""The table of profiles: its rows, and a CSV file of them that is whole at any time."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from blocks.models import Model
from foundation import write_text_atomically
from profilers import Target
from reports.columns import (
    ActivationMib,
    ArchId,
    Clock,
    Family,
    FirstMs,
    LatencyCiHighMs,
    LatencyCiLowMs,
    LatencyMs,
    LatencyRatio,
    LrHeightPx,
    LrWidthPx,
    Macs,
    MaxDifference,
    ModelName,
    P90Ms,
    Params,
    PeakMemoryMib,
    PrepareSeconds,
    ProfileState,
    QuietShare,
    Reason,
    ReferenceMs,
    ReferenceSpread,
    Repeats,
    Runtime,
    Scale,
    Source,
    TargetName,
    VariantName,
    check_row,
    columns_of,
    row_values,
)


@dataclass(frozen=True, kw_only=True)
class ProfileRecord:
    """What one model costs on one target; None is "not known".

    `params` and `macs` (for an output of 1280x720) belong to the design; everything else to the
    input size and batch of the target. For what latencies mean, see `profilers.Latency`.

    Raises:
        ValueError: a value has the wrong type, is not finite, or is no known state or source.
    """

    model: ModelName
    scale: Scale
    target: TargetName
    family: Family
    arch_id: ArchId | None
    runtime: Runtime
    variant: VariantName | None = None
    lr_height_px: LrHeightPx
    lr_width_px: LrWidthPx
    state: ProfileState
    reason: Reason | None = None
    params: Params | None = None
    macs: Macs | None = None
    activation_mib: ActivationMib | None = None
    peak_memory_mib: PeakMemoryMib | None = None
    latency_ms: LatencyMs | None = None
    latency_ci_low_ms: LatencyCiLowMs | None = None
    latency_ci_high_ms: LatencyCiHighMs | None = None
    latency_ratio: LatencyRatio | None = None
    first_ms: FirstMs | None = None
    p90_ms: P90Ms | None = None
    repeats: Repeats | None = None
    reference_spread: ReferenceSpread | None = None
    quiet_share: QuietShare | None = None
    prepare_seconds: PrepareSeconds | None = None
    max_difference: MaxDifference | None = None
    clock: Clock | None = None
    reference_ms: ReferenceMs | None = None
    source: Source = "measured"

    def __post_init__(self) -> None:
        check_row(self)

    @classmethod
    def failed(cls, model: Model, target: Target, reason: str | None = None) -> "ProfileRecord":
        """The row of a model of which nothing is known yet."""
        return ProfileRecord(
            model=model.name,
            scale=model.scale,
            target=str(target),
            family=model.config.family if model.config else model.name,
            arch_id=model.config.arch_id if model.config else None,
            runtime=target.runtime,
            lr_height_px=target.lr_height_px,
            lr_width_px=target.lr_width_px,
            state="failed",
            reason=reason,
        )

    def with_costs(self, costs: Any) -> Self:
        """Return the row with those fields of a dataclass that are columns of it."""
        names = {column.name for column in COLUMNS}
        known = {item.name: getattr(costs, item.name) for item in fields(costs)}
        return replace(self, **{name: known[name] for name in known.keys() & names})


COLUMNS = columns_of(ProfileRecord)
KEY = ("model", "scale", "target")


class ProfileTable:
    """The rows of a file, each on the disk when `add` returns.

    Raises:
        ValueError: the file has other columns than `COLUMNS`.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows = _read(path) if path.exists() else []

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, model: Model, target: Target) -> bool:
        """Whether there is a row of the same network on the same target."""
        key = [model.name, str(model.scale), str(target)]
        return any(key == [str(row[name]) for name in KEY] for row in self._rows)

    def add(self, record: ProfileRecord) -> None:
        """Append a row and replace the file.

        Raises:
            OSError: the file cannot be written.
        """
        self._rows.append(row_values(record))
        text = io.StringIO()
        writer = csv.DictWriter(text, [column.name for column in COLUMNS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text_atomically(self.path, text.getvalue())


def _read(path: Path) -> list[Mapping[str, object]]:
    columns: Sequence[str] | None = None
    rows: list[Mapping[str, object]] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            columns = reader.fieldnames
    except (csv.Error, UnicodeDecodeError):
        pass  # no table at all
    if list(columns or ()) != [column.name for column in COLUMNS]:
        raise ValueError(
            f"{path} must be a table that paretosr sweep wrote, but it is none, or its columns "
            "are others; name another file"
        )
    return rows
