"""What a search asks of a candidate, and the answers: no more is known of how they are found."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal, Protocol, Self

from foundation import one_line
from reports.records import TrialRecord
from search.candidates.candidate import Candidate

# What a candidate can do wrong: diverge, run out of memory, crash its runtime, be too
# small for its input. An OSError (a full disk) is not the candidate's and ends the search.
CANDIDATE_FAILURES = (RuntimeError, ValueError, ArithmeticError, MemoryError)

OnStep = Callable[[int, float], None]
"""Hears after some steps of a training how many were done, and their loss."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """Values of columns of the trial table; None where a column is not known."""

    def in_record(self, record: TrialRecord) -> TrialRecord:
        """The record with the values that are known."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return replace(record, **{name: it for name, it in values.items() if it is not None})


@dataclass(frozen=True, kw_only=True)
class MeasuredCosts(_Answer):
    """What one candidate costs on the target; only what the search needs is measured."""

    target: str | None = None
    """On which of several targets; None where there was no choice."""
    latency_ms: float | None = None
    latency_ci_low_ms: float | None = None
    latency_ci_high_ms: float | None = None
    latency_ratio: float | None = None
    peak_memory_mib: float | None = None
    macs_executed: float | None = None

    @classmethod
    def of(cls, record: TrialRecord) -> Self:
        """What a record says of it."""
        return cls(**{item.name: getattr(record, item.name) for item in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class TrainedQuality(_Answer):
    """What the trainings of one candidate gave; quality is the mean over the training seeds."""

    psnr_y_db: float
    psnr_y_std_db: float | None = None
    """Between training seeds; None after a single one."""
    ssim_y: float | None = None
    train_steps: int
    train_seconds: float
    validation_seconds: float = 0.0
    start: Literal["scratch"] = "scratch"


@dataclass(frozen=True, kw_only=True)
class ProgramQuality(_Answer):
    """What the target's own programs of a candidate give; the mean over the training seeds."""

    psnr_y_db: float
    psnr_y_std_db: float | None = None
    ssim_y: float | None = None
    validation_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class StoredSize(_Answer):
    """What the weights in an int8 program take."""

    size_kib: float


def failure_in_words(error: Exception) -> str:
    """The reason of a failed trial: one line."""
    return f"{type(error).__name__}: {one_line(error)}"


class Evaluator(Protocol):
    """What the search asks of a candidate."""

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        """What it costs; after `train` and `Programs.quantise` where trained weights decide."""

    def train(self, candidate: Candidate, on_step: OnStep, steps: int) -> TrainedQuality:
        """What it is worth after so many steps of training, continued from those it has."""


class Programs(Protocol):
    """What the search asks of a trained candidate as the target runs it at its precision.

    Both methods raise one of `CANDIDATE_FAILURES` where the target's runtime refuses it.
    """

    def quantise(self, candidate: Candidate) -> StoredSize:
        """Make the int8 programs of a candidate that has none yet."""

    def validate(self, candidate: Candidate) -> ProgramQuality:
        """What its images are worth; an int8 candidate must be quantised."""
