"""A network of your own: convolutions beside a depthwise branch that finds edges.

cd examples/plugin_network
paretosr search search.yaml
paretosr --plugin edge_network profile design.yaml
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from torch import Tensor, nn

import paretosr as psr
from blocks import NetworkConfigBase, Scale, SuperResolutionNetwork
from blocks.layers import ImageSkip
from foundation import Count
from search.space import FamilySpace
from search.space.family import ImageSkips
from search.space.hyperparameters import IntegerRange, Integers, Value


class EdgeConfig(NetworkConfigBase):
    """What describes one network; checkpoints, config files and runs hold these fields."""

    family: Literal["edge"] = "edge"
    channels: Count = 16
    blocks: Count = 2
    image_skip: ImageSkip = "bilinear"

    def canonical(self) -> Self:
        return self  # no two configurations build the same network

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int:
        return self.blocks + 2  # one pixel for each 3x3 convolution in a row


class EdgeBlock(nn.Module):
    """x + relu(conv(x) + depthwise(x)).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)
        self.edges = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + nn.functional.relu(self.convolution(x) + self.edges(x))


class EdgeNetwork(SuperResolutionNetwork):
    """Convolution, blocks, and a convolution whose channels become the pixels of the output."""

    def __init__(self, config: EdgeConfig) -> None:
        super().__init__(config, config.image_skip)
        self.head = nn.Conv2d(3, config.channels, 3, padding=1)
        self.body = nn.Sequential(*(EdgeBlock(config.channels) for _ in range(config.blocks)))
        self.tail = nn.Conv2d(config.channels, 3 * config.scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(config.scale)

    def enlarge(self, encoded: Tensor) -> Tensor:
        enlarged: Tensor = self.shuffle(self.tail(self.body(self.head(encoded))))
        return enlarged

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.tail,)


class EdgeSpace(FamilySpace):
    """What a search varies, with the default range of each hyperparameter."""

    family: ClassVar[str] = "edge"
    channels: Integers = (8, 16, 24, 32)
    blocks: Integers = IntegerRange(low=1, high=6)
    image_skip: ImageSkips = ("bilinear",)

    def network(self, values: Mapping[str, Value], scale: Scale) -> EdgeConfig:
        return EdgeConfig.model_validate({**values, "scale": scale})

    def values(self, config: NetworkConfigBase) -> dict[str, Value]:
        return config.model_dump(exclude={"family", "scale"})


psr.register_family(EdgeConfig, EdgeNetwork, space=EdgeSpace)
