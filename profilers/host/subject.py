"""What is measured: a network, its weights and the variant it runs in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from blocks import (
    NetworkConfig,
    SuperResolutionNetwork,
    load_network,
    parse_network_config,
)
from blocks.random_weights import seeded_network

WEIGHTS_SEED = 0
"""The seed of the random weights with which networks are timed."""


@dataclass(frozen=True)
class Subject:
    """A network to be measured.

    Attributes:
        config: its design.
        weights: a checkpoint of this design; None for random weights, always the same.
        variant: one of `blocks.variants_of(config)`; None for the fastest on the target.
    """

    config: NetworkConfig
    weights: Path | None = None
    variant: str | None = None

    def network(self) -> SuperResolutionNetwork:
        """Return the network as it is trained, on the CPU.

        Raises:
            ValueError: the checkpoint is missing or corrupt.
        """
        if self.weights is not None:
            return load_network(self.weights)
        return seeded_network(self.config, WEIGHTS_SEED)

    def design(self) -> "Design":
        """Return the subject in plain values, for another process on this machine."""
        weights = None if self.weights is None else str(self.weights.absolute())
        return Design(self.config.model_dump(mode="json"), weights, self.variant)

    @classmethod
    def of(cls, design: "Design") -> Self:
        """Return the subject that `design` describes."""
        weights = None if design.weights is None else Path(design.weights)
        return cls(parse_network_config(design.config), weights, design.variant)


@dataclass(frozen=True)
class Design:
    """A subject in plain values, as it is sent to another process."""

    config: dict[str, Any]
    weights: str | None
    variant: str | None
