"""What a search took over from an earlier run, and what not, with the reasons."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import pydantic

Counts = Mapping[str, int]
"""How many networks, by the reason."""


@dataclass(frozen=True)
class WarmStarted:
    """What became of the networks that an earlier run had trained."""

    run: str
    """The directory of that run."""
    taken: int
    """Networks that are trials of this run now, with what was measured of them."""
    measured_anew: Counts = field(default_factory=dict)
    """Those of them whose costs were measured on this run's target."""
    proposed: Counts = field(default_factory=dict)
    """Networks that this run is to train first."""
    left_out: Counts = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """What `to_json` turned into `data`.

        Raises:
            pydantic.ValidationError: it is something else.
        """
        return pydantic.TypeAdapter(cls).validate_python(data)

    def to_json(self) -> dict[str, Any]:
        """Every field under its name, as plain JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        """One line for people."""
        parts = [
            f"{self.taken} trained networks are taken over from {self.run}",
            *(f"{count} of them measured anew: {why}" for why, count in self.measured_anew.items()),
            *(f"{count} proposed first: {why}" for why, count in self.proposed.items()),
            *(f"{count} left out: {why}" for why, count in self.left_out.items()),
        ]
        return "; ".join(parts)
