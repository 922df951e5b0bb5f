"""The trial table: one record for each candidate of a search."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Self

from foundation import nearest
from reports.columns import (
    ActivationMib,
    ArchId,
    Column,
    Family,
    FrontProbability,
    LatencyCiHighMs,
    LatencyCiLowMs,
    LatencyMs,
    LatencyRatio,
    LrHeightPx,
    LrWidthPx,
    Macs,
    MacsExecuted,
    Meaning,
    Origin,
    Params,
    PeakMemoryMib,
    Precision,
    PsnrYDb,
    PsnrYStdDb,
    Reason,
    Scale,
    Seed,
    SizeKib,
    Source,
    SsimY,
    Start,
    TargetName,
    TrainSeconds,
    TrainSteps,
    Trial,
    TrialState,
    check_row,
    columns_of,
)

BASELINE_FAMILY = "bicubic"
_LATER_COLUMNS = ("precision", "size_kib", "origin", "start", "front_probability")
"""Those that records of earlier versions lack."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """Everything known about one candidate on one target; None is "not known".

    Numbers are finite: a NaN or an infinity is refused here, so that it can never reach
    a file. `trial` is None for what was not proposed by a search, such as the bicubic
    baseline (family "bicubic", state "trained").

    Raises:
        ValueError: a value has the wrong type, is not finite, or is no known state or source.
    """

    trial: Trial | None
    arch_id: ArchId
    family: Family
    scale: Scale
    state: TrialState
    reason: Reason | None = None
    params: Params | None = None
    macs: Macs | None = None
    macs_executed: MacsExecuted | None = None
    size_kib: SizeKib | None = None
    activation_mib: ActivationMib | None = None
    peak_memory_mib: PeakMemoryMib | None = None
    latency_ms: LatencyMs | None = None
    latency_ci_low_ms: LatencyCiLowMs | None = None
    latency_ci_high_ms: LatencyCiHighMs | None = None
    latency_ratio: LatencyRatio | None = None
    psnr_y_db: PsnrYDb | None = None
    psnr_y_std_db: PsnrYStdDb | None = None
    ssim_y: SsimY | None = None
    target: TargetName | None = None
    precision: Precision | None = None
    lr_height_px: LrHeightPx | None = None
    lr_width_px: LrWidthPx | None = None
    train_steps: TrainSteps | None = None
    train_seconds: TrainSeconds | None = None
    start: Start | None = None
    seed: Seed | None = None
    source: Source = "measured"
    origin: Origin | None = None
    front_probability: FrontProbability | None = None
    # Not columns of the table: what the network is, and how long each part took.
    config: Mapping[str, object] | None = field(default=None, hash=False)
    validation_seconds: float = 0.0
    measure_seconds: float = 0.0
    propose_seconds: float = 0.0
    wall_seconds: float = 0.0

    def __post_init__(self) -> None:
        check_row(self)
        for column in _SECONDS:
            column.check(getattr(self, column.name))
        if self.config is not None and not isinstance(self.config, Mapping):
            raise ValueError(f"config must be a mapping or None, got {self.config!r}")

    @property
    def is_baseline(self) -> bool:
        """Whether this is the bicubic baseline, which needs no network and no training."""
        return self.family == BASELINE_FAMILY

    def to_json(self) -> dict[str, object]:
        """Every field under its name, as plain JSON values.

        Raises:
            ValueError: the configuration holds something that JSON cannot carry.
        """
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        if self.config is not None:
            values["config"] = _plain(self.config)
        return values

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The record that `to_json` turned into `data`, in this version or an earlier one.

        Raises:
            ValueError: one line, when `data` is not exactly such a mapping.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"a trial record must be a mapping, got {type(data).__name__}")
        data = {**_of_earlier_versions(data), **data}
        known = {item.name for item in fields(cls)}
        if unknown := sorted(str(key) for key in data if key not in known):
            raise ValueError(f"a trial record has no field {', '.join(unknown)}")
        if missing := sorted(known - data.keys()):
            raise ValueError(f"a trial record needs the field {', '.join(missing)}")
        return cls(**data)


COLUMNS = columns_of(TrialRecord)
OBJECTIVES: Mapping[str, Column] = MappingProxyType(
    {column.name: column for column in COLUMNS if column.direction is not None}
)


def objective(name: str) -> Column:
    """The objective called `name`.

    Raises:
        ValueError: no objective has that name; the message lists those there are.
    """
    if name not in OBJECTIVES:
        raise ValueError(
            f"an objective must be one of {', '.join(OBJECTIVES)}, got {name!r}"
            f"{nearest(name, OBJECTIVES, none='')}"
        )
    return OBJECTIVES[name]


_SECONDS = tuple(
    Column(name, Meaning("time (s)"), float, optional=False)
    for name in ("validation_seconds", "measure_seconds", "propose_seconds", "wall_seconds")
)


def _of_earlier_versions(data: Mapping[str, object]) -> dict[str, object]:
    """The columns that a record of an earlier version lacks: its target says the precision."""
    later: dict[str, object] = dict.fromkeys(_LATER_COLUMNS)
    found = re.search(r"precision=(\w+)", str(data.get("target")))
    if data.get("family") != BASELINE_FAMILY and data.get("target") is not None:
        later["precision"] = found[1] if found else "float32"
    return later


def _plain(config: Mapping[str, object]) -> object:
    try:
        return json.loads(json.dumps(dict(config), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"config must hold only finite JSON values, got {config!r}") from error
