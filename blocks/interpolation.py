"""Interpolation as the branch of a network that is made of several: it has nothing to learn."""

from typing import Literal, Self

from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase
from blocks.layers import PlainRangeNetwork


class InterpolationConfig(NetworkConfigBase):
    """PyTorch's interpolation, which neither antialiases nor rounds."""

    family: Literal["interpolation"] = "interpolation"
    mode: Literal["bicubic", "bilinear"] = "bicubic"

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def reach_px(self) -> int:
        return 2 if self.mode == "bicubic" else 1

    def canonical(self) -> Self:
        return self


class Interpolation(PlainRangeNetwork):
    """The images interpolated: a branch, no network of its own."""

    config: InterpolationConfig

    def enlarge(self, encoded: Tensor) -> Tensor:
        return F.interpolate(encoded, scale_factor=self.config.scale, mode=self.config.mode)

    @property
    def last_convolutions(self) -> tuple[()]:
        return ()
