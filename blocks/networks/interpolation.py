"""Interpolation as the branch of a network that is made of several: it has nothing to learn."""

from typing import Literal, Self

from torch import Tensor

from blocks.config import NetworkConfigBase
from blocks.layers import PlainRangeNetwork
from blocks.resampling import InterpolationMode, interpolate


class InterpolationConfig(NetworkConfigBase):
    """Interpolation that neither antialiases nor rounds."""

    family: Literal["interpolation"] = "interpolation"
    mode: InterpolationMode = "bicubic"

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int:
        return 2 if self.mode == "bicubic" else 1

    def canonical(self) -> Self:
        return self


class Interpolation(PlainRangeNetwork):
    """The images interpolated: a branch, no network of its own."""

    config: InterpolationConfig

    def enlarge(self, encoded: Tensor) -> Tensor:
        return interpolate(encoded, self.config.scale, self.config.mode)

    @property
    def last_convolutions(self) -> tuple[()]:
        return ()
