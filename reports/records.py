"""The schema of the trial table: its columns, and the record that fills one row.

The names are the same in objectives, constraints, plots, CSV files and JSON.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal, Self, get_args

Direction = Literal["minimise", "maximise"]
State = Literal["trained", "duplicate", "infeasible", "failed"]
Source = Literal["measured", "predicted", "published"]

BASELINE_FAMILY = "bicubic"


@dataclass(frozen=True)
class Column:
    """One column of the trial table."""

    name: str
    label: str
    """What an axis or a table heading says, with the unit."""
    kind: type[int] | type[float] | type[str]
    direction: Direction | None = None
    """Which way is better; None for a column that cannot be an objective."""
    cheap: bool = False
    """Known from the configuration alone, before anything is trained."""


COLUMNS: tuple[Column, ...] = (
    Column("trial", "trial", int),
    Column("arch_id", "architecture", str),
    Column("family", "family", str),
    Column("scale", "scale", int),
    Column("state", "state", str),
    Column("reason", "reason", str),
    Column("params", "parameters", int, "minimise", cheap=True),
    Column("macs", "MACs at 1280x720 HR", int, "minimise", cheap=True),
    Column("macs_executed", "executed MACs at 1280x720 HR", float),
    Column("activation_mib", "live activations (MiB)", float, "minimise", cheap=True),
    Column("peak_memory_mib", "peak memory (MiB)", float, "minimise"),
    Column("latency_ms", "latency (ms)", float, "minimise"),
    Column("latency_ci_low_ms", "latency, lower end of the 95 % interval (ms)", float),
    Column("latency_ci_high_ms", "latency, upper end of the 95 % interval (ms)", float),
    Column("latency_ratio", "latency as a multiple of the reference network's", float),
    Column("psnr_y_db", "PSNR on Y (dB)", float, "maximise"),
    Column("psnr_y_std_db", "standard deviation of PSNR between training seeds (dB)", float),
    Column("ssim_y", "SSIM on Y", float, "maximise"),
    Column("target", "target", str),
    Column("lr_height_px", "LR height (px)", int),
    Column("lr_width_px", "LR width (px)", int),
    Column("train_steps", "training steps", int),
    Column("train_seconds", "training time (s)", float),
    Column("seed", "seed", int),
    Column("source", "source", str),
)

OBJECTIVES: Mapping[str, Column] = MappingProxyType(
    {column.name: column for column in COLUMNS if column.direction is not None}
)


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """Everything known about one candidate on one target; None is "not known".

    Numbers are finite: a NaN or an infinity is refused here, so that it can never reach
    a file. `trial` is None for what was not proposed by a search, such as the bicubic
    baseline (family "bicubic", state "trained").

    Raises:
        ValueError: a value has the wrong type, is not finite, or is no known state or source.
    """

    trial: int | None
    arch_id: str
    family: str
    scale: int
    state: State
    reason: str | None = None
    params: int | None = None
    macs: int | None = None
    """What the architecture calls for on its costliest path, each operator computed once."""
    macs_executed: float | None = None
    """What the variant that is timed runs on the validation images, in the mean. It may exceed
    `macs` where nearly everything is active, since a variant may compute something twice."""
    activation_mib: float | None = None
    peak_memory_mib: float | None = None
    latency_ms: float | None = None
    latency_ci_low_ms: float | None = None
    latency_ci_high_ms: float | None = None
    latency_ratio: float | None = None
    psnr_y_db: float | None = None
    psnr_y_std_db: float | None = None
    """Measured between training seeds; None after a single training."""
    ssim_y: float | None = None
    target: str | None = None
    lr_height_px: int | None = None
    lr_width_px: int | None = None
    train_steps: int | None = None
    train_seconds: float | None = None
    seed: int | None = None
    source: Source = "measured"
    # Not columns of the table: what the network is, and how long each part took.
    config: Mapping[str, object] | None = field(default=None, hash=False)
    validation_seconds: float = 0.0
    measure_seconds: float = 0.0
    propose_seconds: float = 0.0
    wall_seconds: float = 0.0

    def __post_init__(self) -> None:
        for column in COLUMNS:
            optional = column.name not in _REQUIRED
            _check_value(column.name, getattr(self, column.name), column.kind, optional=optional)
        for name in _SECONDS:
            _check_value(name, getattr(self, name), float, optional=False)
        _check_choice("state", self.state, get_args(State))
        _check_choice("source", self.source, get_args(Source))
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
        """The record that `to_json` turned into `data`.

        Raises:
            ValueError: one line, when `data` is not exactly such a mapping.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"a trial record must be a mapping, got {type(data).__name__}")
        known = {item.name for item in fields(cls)}
        if unknown := sorted(str(key) for key in data if key not in known):
            raise ValueError(f"a trial record has no field {', '.join(unknown)}")
        if missing := sorted(known - data.keys()):
            raise ValueError(f"a trial record needs the field {', '.join(missing)}")
        return cls(**data)


def objective(name: str) -> Column:
    """The objective called `name`.

    Raises:
        ValueError: no objective has that name; the message lists those there are.
    """
    if name not in OBJECTIVES:
        raise ValueError(f"an objective must be one of {', '.join(OBJECTIVES)}, got {name!r}")
    return OBJECTIVES[name]


_REQUIRED = frozenset({"arch_id", "family", "scale", "state", "source"})
_SECONDS = ("validation_seconds", "measure_seconds", "propose_seconds", "wall_seconds")


def _check_value(name: str, value: object, kind: type, *, optional: bool) -> None:
    if value is None and optional:
        return
    accepted = (int, float) if kind is float else kind
    # bool is a subclass of int, but True is not a number of anything here.
    if not isinstance(value, accepted) or isinstance(value, bool):
        wanted = f"{kind.__name__} or None" if optional else kind.__name__
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}; use None for an unknown number")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def _plain(config: Mapping[str, object]) -> object:
    try:
        return json.loads(json.dumps(dict(config), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"config must hold only finite JSON values, got {config!r}") from error
