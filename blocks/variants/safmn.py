"""SAFMN with its pooling windows spelt out, for graphs."""

import torch
from torch import Tensor, nn

from blocks.networks.safmn import Safmn, SpatialModulation
from blocks.variants.variant import PLAIN, FamilyVariants, Variant


class WindowedSafmn(nn.Module):
    """A SAFMN with its windows spelt out: the same function, without an operator ONNX lacks.

    Shape: (N, 3, h, w) -> (N, 3, scale h, scale w).
    """

    def __init__(self, network: Safmn) -> None:
        super().__init__()
        self.network = network
        for module in network.modules():
            if isinstance(module, SpatialModulation):
                module.pool = _pool_windows  # type: ignore[method-assign]

    def forward(self, images: Tensor) -> Tensor:
        enlarged: Tensor = self.network(images)
        return enlarged


def _pool_windows(x: Tensor, factor: int) -> Tensor:
    for dim in (2, 3):
        x = _maxima(x, dim, factor)
    return x


def _maxima(x: Tensor, dim: int, factor: int) -> Tensor:
    """The maximum of each window along one side; windows overlap where sizes do not divide."""
    size = x.shape[dim]
    count = size // factor
    windows = torch.arange(count, device=x.device)
    first = windows * size // count
    last = ((windows + 1) * size - 1) // count
    # No window has more than 2 factor pixels; a shorter one has its last pixel several times.
    places = torch.minimum(
        first[:, None] + torch.arange(2 * factor, device=x.device), last[:, None]
    )
    pixels = x.index_select(dim, places.flatten())
    shape = (*x.shape[:dim], count, 2 * factor, *x.shape[dim + 1 :])
    return pixels.reshape(shape).amax(dim + 1)


SAFMN_VARIANTS = FamilyVariants(
    "safmn", (PLAIN, Variant("windows", WindowedSafmn, is_for_export=True, spells_out_pooling=True))
)
