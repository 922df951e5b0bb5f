"""How a network is quantised: few schemes, among which held-out crops choose."""

from dataclasses import dataclass
from typing import Literal

from foundation.configs import FrozenConfig

Ranges = Literal["mean", "minmax", "histogram"]


class Scheme(FrozenConfig):
    """One way to quantise a network to 8 bits; weights are symmetric, each channel for itself."""

    ranges: Ranges
    """Where the range of a layer's input ends: at the smallest and largest value of all crops
    ("minmax"), at the mean of every crop's smallest and largest ("mean"), or where rounding and
    clipping together are least by the histogram of all values ("histogram")."""
    symmetry: Literal["symmetric", "asymmetric"] = "symmetric"
    """Whether the range of a layer's input that takes both signs has its middle at 0."""
    scope: Literal["convolutions", "everything"] = "convolutions"
    """What is quantised: the convolutions that the rule on the graph names, or all that the engine
    can, which is what engines do when they are left to themselves."""

    @property
    def name(self) -> str:
        """The scheme in words."""
        everything = ", everything quantised" if self.scope == "everything" else ""
        return f"{self.ranges}, {self.symmetry}{everything}"


@dataclass(frozen=True)
class InstructionSet:
    """The instructions by which the target's processor multiplies 8-bit integers.

    Attributes:
        name: what they are called, as in "avx2".
        saturates: whether sums of two products are cut off at 16 bits, as AVX2's vpmaddubsw does,
            so that weights may use only 7 of their 8 bits.
    """

    name: str
    saturates: bool
