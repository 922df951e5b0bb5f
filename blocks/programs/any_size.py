"""Networks for images that are smaller than they take."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase


def of_any_size(module: nn.Module, config: NetworkConfigBase) -> nn.Module:
    """The network `module` of `config` for images from 1x1 px on; itself where it takes those."""
    return module if config.minimum_size_px == 1 else AnySize(module, config)


class AnySize(nn.Module):
    """The network, its images made as large as it needs by repeating their last row and column.

    What it makes of the repeated pixels is cut off. Images that are large enough are left alone.

    Shape: (N, 3, h, w) -> (N, 3, scale h, scale w).
    """

    def __init__(self, module: nn.Module, config: NetworkConfigBase) -> None:
        super().__init__()
        self.module = module
        self.scale = config.scale
        self.minimum_size_px = config.minimum_size_px

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        enlarged: Tensor = self.module(self.enough_of(images))
        return enlarged[:, :, : self.scale * height, : self.scale * width]

    def enough_of(self, images: Tensor) -> Tensor:
        """The images, as large as the network needs."""
        height, width = images.shape[2:]
        # Sizes are symbols in an exported graph, of which Python's `max` would choose one.
        below = torch.sym_max(0, self.minimum_size_px - height)  # type: ignore[no-untyped-call]
        beside = torch.sym_max(0, self.minimum_size_px - width)  # type: ignore[no-untyped-call]
        return F.pad(images, (0, beside, 0, below), mode="replicate")
