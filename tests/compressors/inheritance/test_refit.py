"""Least squares against the layers of the parent."""

import torch
from torch import Tensor, nn

from blocks import EdsrConfig, ImdnConfig, NetworkConfig, SplitSRConfig, build_network
from blocks.layers import ChannelLayerNorm
from compressors.inheritance import inherit
from compressors.inheritance.refit import RIDGE, fit_layer

import pytest
from torch.nn import functional as F  # noqa: N812


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, 3, padding=1),
        nn.Conv2d(4, 6, 3, stride=2, bias=False),
        nn.Conv2d(4, 4, (1, 5), padding=(0, 2), groups=4),
        nn.Conv2d(4, 8, 3, padding=1, groups=2),
        ChannelLayerNorm(4),
    ],
)
def test_a_layer_finds_the_weights_that_made_its_target(layer: nn.Module) -> None:
    layer = layer.double().requires_grad_(False)
    inputs = torch.rand(4, 4, 12, 12, dtype=torch.float64)
    target = layer(inputs)
    true = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    for parameter in layer.parameters():
        parameter += 0.1 * torch.rand_like(parameter)
    fit_layer(layer, inputs, target, torch.arange(target.shape[1]))
    for name, tensor in layer.state_dict().items():
        torch.testing.assert_close(tensor, true[name], atol=0.02, rtol=0)
