"""What is measured: a network, with which weights, and in which of its variants."""

from collections.abc import Mapping
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
"""Of the random weights that networks are timed with."""


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

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        return {
            "config": self.config.model_dump(mode="json"),
            "weights": None if self.weights is None else str(self.weights.absolute()),
            "variant": self.variant,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the subject that `to_json` wrote."""
        weights = None if data["weights"] is None else Path(data["weights"])
        return cls(parse_network_config(data["config"]), weights, data["variant"])
