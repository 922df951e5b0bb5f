"""What is measured: a network, its weights and the variant it runs in; or bicubic, the baseline."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from blocks import (
    NetworkConfig,
    SuperResolutionNetwork,
    load_network,
    parse_network_config,
)
from blocks.random_weights import seeded_network
from imaging.evaluation import bicubic_upscaler
from profilers.runtimes.registry import require_here
from profilers.runtimes.targets import PROGRAM_SUFFIXES, Target

WEIGHTS_SEED = 0
"""The seed of the random weights with which networks are timed."""
BICUBIC = "bicubic"
"""What stands for the family and the variant of what is no network."""


@dataclass(frozen=True)
class Subject:
    """A network to be measured.

    Attributes:
        config: its design.
        weights: a checkpoint of this design; None for random weights, always the same.
        variant: one of `blocks.variants_of(config)`; None for the fastest on the target. What is
            run of a program's network is the program, whatever the variant.
        program: the file of the network quantised for the runtime of an int8 target: program.onnx,
            program.xml with program.bin beside it, or program.pte; None for other targets.
    """

    config: NetworkConfig
    weights: Path | None = None
    variant: str | None = None
    program: Path | None = None

    @property
    def name(self) -> str:
        """What it is called while it is measured."""
        return self.config.arch_id

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
        weights, program = (
            None if path is None else str(path.absolute()) for path in (self.weights, self.program)
        )
        return Design(self.config.model_dump(mode="json"), weights, self.variant, program)

    def require_runs_on(self, target: Target) -> None:
        """Check that there is a program of the target's runtime if it is an int8 target.

        Raises:
            ValueError: there is none, or another, or there is one for a target of other precision.
        """
        if target.precision != "int8":
            if self.program is not None:
                raise ValueError(
                    f"a quantised program needs a target with precision=int8, got {target}"
                )
            return
        suffix = PROGRAM_SUFFIXES[target.runtime]
        if self.program is None:
            raise ValueError(
                f"{target} runs a quantised program, and the network has none: quantise it first "
                "(paretosr compress --method int8)"
            )
        if self.program.suffix != suffix:
            raise ValueError(
                f"a quantised program for {target.runtime} must end in {suffix}, got "
                f"{self.program.name}: quantise the network for this runtime"
            )

    @classmethod
    def of(cls, design: "Design") -> Self:
        """Return the subject that `design` describes."""
        weights = None if design.weights is None else Path(design.weights)
        program = None if design.program is None else Path(design.program)
        return cls(parse_network_config(design.config), weights, design.variant, program)


@dataclass(frozen=True)
class Bicubic:
    """MATLAB's bicubic enlargement, which is timed where and as networks are."""

    scale: int

    @property
    def name(self) -> str:
        """What it is called while it is measured."""
        return BICUBIC

    def call(self, target: Target) -> Callable[[], object]:
        """Return what enlarges a batch of the target's size; the result is kept until the next."""
        upscale = bicubic_upscaler(self.scale)
        shape = (target.batch, target.lr_height_px, target.lr_width_px, 3)
        images = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
        return lambda: [upscale(image) for image in images]

    def design(self) -> "Design":
        """Return it in plain values, for another process on this machine."""
        return Design({"family": BICUBIC, "scale": self.scale}, None, None)

    def require_runs_on(self, target: Target) -> None:
        """Check that the target is this machine, for only networks are sent to another.

        Raises:
            ValueError: it is another one.
        """
        require_here(target)


Timed: TypeAlias = Subject | Bicubic


@dataclass(frozen=True)
class Design:
    """A subject in plain values, as it is sent to another process."""

    config: dict[str, Any]
    weights: str | None
    variant: str | None
    program: str | None = None
