"""What the search and its workers say to each other, as dataclasses that travel as JSON."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from search.candidates.evaluator import TrainedQuality


@dataclass(frozen=True)
class Train:
    """Asks to train the network of a trial from where its checkpoints are, and to judge it."""

    trial: int
    network: dict[str, Any]
    """Its configuration, as JSON."""
    steps: int
    """That it has at the end of the training."""


@dataclass(frozen=True)
class StandStill:
    """Asks to compute nothing until `GoOn`; answered by `StandingStill` as soon as it is so."""


@dataclass(frozen=True)
class GoOn:
    """Ends a `StandStill`."""


@dataclass(frozen=True)
class Stop:
    """Asks to save the training where it is, and to end."""


Order: TypeAlias = Train | StandStill | GoOn | Stop


@dataclass(frozen=True)
class Stepped:
    """So many steps of a training are done."""

    trial: int
    step: int
    loss: float


@dataclass(frozen=True)
class StandingStill:
    """The worker computes nothing."""


@dataclass(frozen=True)
class Trained:
    """What a trial's network is worth."""

    trial: int
    quality: TrainedQuality


@dataclass(frozen=True)
class Failed:
    """A trial came to nothing, for a reason in one line.

    `is_lost` where the fault may be the worker's, which died or found no memory: another one might
    succeed.
    """

    trial: int
    reason: str
    is_lost: bool = False


@dataclass(frozen=True)
class Unwritable:
    """A file could not be read or written, because the disk is full for instance."""

    errno: int | None
    text: str
    path: str | None

    @classmethod
    def of(cls, error: OSError) -> "Unwritable":
        path = None if error.filename is None else str(error.filename)
        return cls(error.errno, error.strerror or str(error), path)

    def error(self) -> OSError:
        """The error again, with the same words."""
        if self.errno is None:
            return OSError(self.text)
        return OSError(self.errno, self.text, self.path)


Report: TypeAlias = Stepped | StandingStill | Trained | Failed | Unwritable
