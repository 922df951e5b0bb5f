"""The fixed network with which every latency is compared."""

import torch
from torch import nn

REFERENCE_NAME = "reference-v1"
CHANNELS = 32
HIDDEN_CONVOLUTIONS = 6
SCALE = 2


class ReferenceNetwork(nn.Module):
    """Plain 3x3 convolutions with ReLU at LR size, then a pixel shuffle.

    3 to 32 channels, six times 32 to 32 with ReLU, 32 to 3 s^2. It is a clock, not a model: the
    weights are random, and the scale is 2 whatever the candidate's, so that one calibration of
    a target serves every candidate. A change of any of this needs a new name.

    Shape: (N, 3, h, w) -> (N, 3, 2h, 2w).
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, CHANNELS, 3, padding=1)]
        for _ in range(HIDDEN_CONVOLUTIONS):
            layers += [nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(CHANNELS, 3 * SCALE**2, 3, padding=1), nn.PixelShuffle(SCALE)]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        enlarged: torch.Tensor = self.layers(images)
        return enlarged
