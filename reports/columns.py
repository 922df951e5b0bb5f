"""The columns of all tables: what each is called, holds and means, declared once.

A table is a frozen dataclass. A field whose type is one of those below is a column, of the field's
name, and `columns_of` lists them in order. Names are the same in objectives, constraints, plots,
CSV files and JSON.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

Direction = Literal["minimise", "maximise"]


@dataclass(frozen=True)
class Meaning:
    """What the values of a column are."""

    label: str
    """What an axis or a table heading says, with the unit."""
    direction: Direction | None = None
    """Which way is better; None for a column that cannot be an objective."""
    cheap: bool = False
    """Known from the configuration alone, before anything is trained."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    meaning: Meaning
    kind: type[int] | type[float] | type[str]
    optional: bool
    """Whether its value may be None, which is "not known"."""
    choices: tuple[str, ...] = ()
    """All values it may have; empty for any of its kind."""

    @property
    def label(self) -> str:
        return self.meaning.label

    @property
    def direction(self) -> Direction | None:
        return self.meaning.direction

    @property
    def cheap(self) -> bool:
        return self.meaning.cheap

    def check(self, value: object) -> None:
        """Check a value of this column.

        Raises:
            ValueError: it is of another type, not finite, or none of the choices.
        """
        if value is None and self.optional:
            return
        accepted = (int, float) if self.kind is float else self.kind
        # bool is a subclass of int, but True is not a number of anything here.
        if not isinstance(value, accepted) or isinstance(value, bool):
            wanted = f"{self.kind.__name__} or None" if self.optional else self.kind.__name__
            raise ValueError(f"{self.name} must be {wanted}, got {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(
                f"{self.name} must be finite, got {value!r}; use None for an unknown number"
            )
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name} must be one of {', '.join(self.choices)}, got {value!r}")


Trial = Annotated[int, Meaning("trial")]
ModelName = Annotated[str, Meaning("model")]
ArchId = Annotated[str, Meaning("architecture")]
Family = Annotated[str, Meaning("family")]
Scale = Annotated[int, Meaning("scale")]
TrialState = Annotated[
    Literal["proposed", "trained", "duplicate", "infeasible", "failed", "stopped"],
    Meaning("state"),
]
"""`proposed` until the trial ends, `stopped` where that was before the last rung of a ladder."""
ProfileState = Annotated[Literal["measured", "failed"], Meaning("state")]
Reason = Annotated[str, Meaning("reason")]
"""Why there are no numbers."""
Params = Annotated[int, Meaning("parameters", "minimise", cheap=True)]
Macs = Annotated[int, Meaning("MACs at 1280x720 HR", "minimise", cheap=True)]
"""What the architecture calls for on its costliest path, each operator computed once."""
MacsExecuted = Annotated[float, Meaning("executed MACs at 1280x720 HR")]
"""What the variant that is timed runs on the validation images, in the mean. It may exceed `macs`
where nearly everything is active, since a variant may compute something twice."""
ActivationMib = Annotated[float, Meaning("live activations (MiB)", "minimise", cheap=True)]
PeakMemoryMib = Annotated[float, Meaning("peak memory (MiB)", "minimise")]
"""Of a forward pass, beyond the weights."""
LatencyMs = Annotated[float, Meaning("latency (ms)", "minimise")]
LatencyCiLowMs = Annotated[float, Meaning("latency, lower end of the 95 % interval (ms)")]
LatencyCiHighMs = Annotated[float, Meaning("latency, upper end of the 95 % interval (ms)")]
LatencyRatio = Annotated[float, Meaning("latency as a multiple of the reference network's")]
SizeKib = Annotated[float, Meaning("stored weights (KiB)", "minimise", cheap=True)]
"""The tensors of the checkpoint in float32, or what they take in the program of an int8 network,
which is known only when it is quantised."""
PsnrYDb = Annotated[float, Meaning("PSNR on Y (dB)", "maximise")]
PsnrYStdDb = Annotated[float, Meaning("standard deviation of PSNR between training seeds (dB)")]
"""Measured; None after a single training."""
SsimY = Annotated[float, Meaning("SSIM on Y", "maximise")]
TargetName = Annotated[str, Meaning("target")]
"""Of several, the one on which the network takes the least time."""
Precision = Annotated[Literal["float32", "bfloat16", "int8"], Meaning("precision")]
"""In which the target computes; of several targets, the first."""
Runtime = Annotated[str, Meaning("runtime")]
VariantName = Annotated[str, Meaning("variant")]
"""In which the network was measured."""
LrHeightPx = Annotated[int, Meaning("LR height (px)")]
LrWidthPx = Annotated[int, Meaning("LR width (px)")]
FirstMs = Annotated[float, Meaning("first call (ms)")]
P90Ms = Annotated[float, Meaning("time that nine calls of ten stay below (ms)")]
Repeats = Annotated[int, Meaning("timed calls")]
ReferenceSpread = Annotated[
    float, Meaning("interquartile range of the reference network's calls over their median")
]
QuietShare = Annotated[float, Meaning("share measured while the machine was quiet")]
PrepareSeconds = Annotated[float, Meaning("preparation before the first call (s)")]
MaxDifference = Annotated[float, Meaning("largest difference from eager's output in float32")]
Clock = Annotated[str, Meaning("clock")]
"""What times calls: the "cpu", the GPU ("cuda"), or elapsed time ("wall")."""
ReferenceMs = Annotated[float, Meaning("latency of the reference network (ms)")]
TrainSteps = Annotated[int, Meaning("training steps")]
TrainSeconds = Annotated[float, Meaning("training time (s)")]
"""Of this trial; None where the weights are those of an earlier one."""
Start = Annotated[Literal["scratch", "inherited"], Meaning("start")]
"""What the training began with: drawn weights, or those of a trained relative."""
FrontProbability = Annotated[float, Meaning("probability of being on the front")]
"""Of a network that was trained to the last rung of a ladder, among all that were started."""
Seed = Annotated[int, Meaning("seed")]
Origin = Annotated[str, Meaning("trial of an earlier run")]
"""Which trained and measured it, as RUN_DIR:TRIAL; None for what this run did itself."""
Source = Annotated[Literal["measured", "predicted", "published", "replayed"], Meaning("source")]
"""What kind of evidence the numbers are; replayed ones are looked up in a table."""


@cache
def columns_of(table: type) -> tuple[Column, ...]:
    """Return the columns of a dataclass, in the order of its fields."""
    hints = get_type_hints(table, include_extras=True)
    return tuple(_columns((field.name, hints[field.name]) for field in fields(table)))


def check_row(row: object) -> None:
    """Check every column of an instance of a dataclass.

    Raises:
        ValueError: a value has the wrong type, is not finite, or is none of the choices.
    """
    for column in _columns_of_row(row):
        column.check(getattr(row, column.name))


def row_values(row: object) -> dict[str, Any]:
    """Return the values of an instance of a dataclass by the names of its columns."""
    return {column.name: getattr(row, column.name) for column in _columns_of_row(row)}


def _columns_of_row(row: object) -> tuple[Column, ...]:
    return columns_of(type(row))  # type: ignore[arg-type]  # mypy: type[object] is not hashable


def _columns(hints: Iterator[tuple[str, Any]]) -> Iterator[Column]:
    for name, hint in hints:
        parts = (hint,) if get_origin(hint) is Annotated else get_args(hint)
        annotated = next((part for part in parts if get_origin(part) is Annotated), None)
        if annotated is None:
            continue
        kind, meaning = get_args(annotated)
        choices = get_args(kind)
        yield Column(name, meaning, str if choices else kind, NoneType in parts, choices)
