"""What a search knows when a worker is free, and what can be decided: values alone.

Quality is `psnr_y_db` after the last rung of the ladder; every other objective is a cost, whose
direction is that of its column in `reports.records.OBJECTIVES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

QUALITY = "psnr_y_db"

State = Literal["proposed", "running", "waiting", "finished"]


@dataclass(frozen=True)
class Structure:
    """Features of a network that need no training; None is "not known".

    Of ClassSR networks these are the hardest branch's, which gives the best images.
    """

    family: str
    macs: int
    """As the column of that name, on the costliest path."""
    width: int | None = None
    """Its channels."""
    convolutions: int | None = None
    """Run over the whole image, one after the other or beside each other."""
    dense_equivalent_depth: float | None = None
    """In 3x3 convolutions between all channels: of each, the root of its share of such weights.

    So a convolution among an eighth of the channels counts an eighth, and none more than 1.
    """
    receptive_field_radius_px: int | None = None
    """As the configuration knows it; None too where an output pixel depends on the whole image."""
    convolution_radius_px: float | None = None
    """The sum over the convolutions, in low-resolution pixels, without what is pooled."""
    activations: int | None = None
    """The numbers that its convolutions put out, for the image whose MACs are counted.

    Source of the measure: Radosavovic et al. 2020, arXiv:2003.13678, section 3.2, as the better
    guide to the time that a network takes.
    """


@dataclass(frozen=True)
class CurvePoint:
    """The validated quality of one training at a rung."""

    steps: int
    psnr_y_db: float


@dataclass(frozen=True)
class Cost:
    """One cost: its value and the ends of its 95 % interval, which agree where it is known."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bound:
    """What a column may be at least and at most; None is no bound."""

    min: float | None = None
    max: float | None = None

    def kept_by(self, value: float) -> bool:
        return not (
            (self.min is not None and value < self.min)
            or (self.max is not None and value > self.max)
        )


@dataclass(frozen=True)
class Known:
    """A candidate: one that was proposed only, or one that is or was trained."""

    arch_id: str
    structure: Structure
    costs: Mapping[str, Cost] = field(hash=False)
    """By column: of every cost that is an objective or bounded, as far as it is known.

    One that is missing is estimated from the others of the run.
    """
    curve: tuple[CurvePoint, ...] = ()
    """Rungs reached, ascending."""
    seconds_per_step: float | None = None
    """Measured; None before it was trained."""
    state: State = "proposed"
    """`waiting` has reached a rung that is not the last, and no worker has it."""
    trial: int | None = None
    """Its number; None before it was started."""


@dataclass(frozen=True)
class Ladder:
    """The rungs in training steps, ascending; the last is the full training.

    Raises:
        ValueError: there is none, or they do not ascend from above 0.
    """

    rungs: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.rungs or list(self.rungs) != sorted({rung for rung in self.rungs if rung > 0}):
            raise ValueError(f"rungs must ascend from above 0, got {list(self.rungs)}")

    @property
    def full_steps(self) -> int:
        return self.rungs[-1]

    def after(self, steps: int) -> int | None:
        """The next rung above so many steps; None after the last."""
        return next((rung for rung in self.rungs if rung > steps), None)


@dataclass(frozen=True)
class Situation:
    """All that a decision depends on."""

    ladder: Ladder
    objectives: tuple[str, ...]
    """Columns, `psnr_y_db` among them."""
    bounds: Mapping[str, Bound] = field(hash=False)
    """The constraints, by column."""
    reference: Mapping[str, float] = field(hash=False)
    """The worst value of each objective that counts; bicubic's of quality.

    A cost that is missing here has the worst value of all known candidates.
    """
    known: tuple[Known, ...]
    """What was started, in the order of the trials: running, waiting, and finished.

    Those that failed or broke a constraint are left out.
    """
    pool: tuple[Known, ...]
    """What may be started: no two of one arch_id, and none that is known."""
    seed: int
    steps_left: int | None = None
    """Training steps that the budget still holds, without those that run; None is no end."""


@dataclass(frozen=True)
class Start:
    """Train a candidate of the pool to the first rung."""

    index: int


@dataclass(frozen=True)
class Promote:
    """Train a waiting candidate to its next rung."""

    trial: int


@dataclass(frozen=True)
class Decision:
    """What to do next."""

    action: Start | Promote
    expected_improvement_per_second: float
    """Of the hypervolume, in the product of the objectives' units; not negative."""
    why: str
    """One line for people."""


@dataclass(frozen=True)
class Estimate:
    """What the quality of a candidate after the last rung is expected to be."""

    psnr_y_db: float
    deviation_db: float
    """Its standard deviation."""
