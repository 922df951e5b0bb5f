"""Largest sets of live activations, worked out by hand."""

import pytest
import torch
from torch import nn

from profilers.counting.activations import MIB, peak_activation_mib

FLOAT_BYTES = 4


class Residual(nn.Module):
    """x + second(first(x))."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, hidden, 1)
        self.second = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = x + self.second(self.first(x))
        return result


class Views(nn.Module):
    """Halves of the input are views and take no memory of their own."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x.chunk(2, dim=1)
        return torch.cat([right, left], dim=1)


class Reshaped(nn.Module):
    """A permuted image is copied once to get another shape."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)


class InPlace(nn.Module):
    """Overwriting takes no memory either."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x + 1).relu_().mul_(2)


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(
    ("network", "live_channels"),
    [
        (nn.Conv2d(4, 6, 1), 4 + 6),
        # Sequential lets go of the first result when the third exists: 4 + 2 + 1 < 4 + 8 + 2.
        (nn.Sequential(nn.Conv2d(4, 8, 1), nn.Conv2d(8, 2, 1), nn.Conv2d(2, 1, 1)), 4 + 8 + 2),
        # The input, the hidden layer and the branch; then input, branch and sum, with 4 each.
        (Residual(4, 6), 4 + 6 + 4),
        (Residual(4, 2), 4 + 4 + 4),
        (Views(), 4 + 4),
        (Reshaped(), 4 + 4),
        (InPlace(), 4 + 4),
    ],
)
def test_peak(network: nn.Module, live_channels: int, device: str) -> None:
    images = torch.zeros(2, 4, 10, 20, device=device)
    peak_mib = peak_activation_mib(network.to_empty(device=device), images)
    assert peak_mib == live_channels * 2 * 10 * 20 * FLOAT_BYTES / MIB


def test_parameters_do_not_count() -> None:
    images = torch.zeros(1, 4, 2, 2)
    assert peak_activation_mib(nn.Conv2d(4, 4, 2), images) == (16 + 4) * FLOAT_BYTES / MIB
