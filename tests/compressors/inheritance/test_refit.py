"""Least squares against the layers of the parent."""

import pytest
import torch
from torch import Tensor, nn

from blocks import EdsrConfig, build_network
from blocks.layers import ChannelLayerNorm
from compressors.inheritance import inherit
from compressors.inheritance.refit import fit_layer


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, 3, padding=1),
        nn.Conv2d(4, 6, 3, stride=2, bias=False),
        nn.Conv2d(4, 4, (1, 5), padding=(0, 2), groups=4),
        nn.Conv2d(4, 8, 3, padding=1, groups=2),
        nn.Linear(12, 5),
        ChannelLayerNorm(4),
    ],
    ids=str,
)
def test_a_layer_finds_the_weights_that_made_its_target(layer: nn.Module) -> None:
    layer = layer.double().requires_grad_(False)
    inputs = torch.rand(16, 4, 12, 12, dtype=torch.float64)
    target = layer(inputs)
    outputs = target.shape[-1] if isinstance(layer, nn.Linear) else target.shape[1]
    true = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    for parameter in layer.parameters():
        parameter += torch.rand_like(parameter)
    fit_layer(layer, inputs, target, torch.arange(outputs))
    for name, tensor in layer.state_dict().items():
        torch.testing.assert_close(tensor, true[name], atol=0.01, rtol=0)


def test_outputs_without_a_target_stay_as_they_are() -> None:
    layer = nn.Conv2d(2, 3, 3, padding=1).requires_grad_(False)
    before = layer.weight.clone(), layer.bias.clone()
    fit_layer(layer, torch.rand(4, 2, 8, 8), torch.rand(4, 5, 8, 8), torch.tensor([-1, 4, -1]))
    for tensor, old in zip((layer.weight, layer.bias), before, strict=True):
        assert torch.equal(tensor[0], old[0]) and torch.equal(tensor[2], old[2])
        assert not torch.equal(tensor[1], old[1])


def test_what_was_redundant_is_made_up_for() -> None:
    """The parent has each channel twice and subtracts some of the second: the first say it all."""
    child = EdsrConfig(scale=2, channels=5, blocks=2)
    parent = child.replace(channels=10)
    original = build_network(child).state_dict()
    weights = {name: doubled(name, tensor) for name, tensor in original.items()}
    photographs, crops = torch.rand(2, 3, 20, 20), torch.rand(16, 3, 16, 16)
    mean_errors = {}
    for method, given in (("slices", None), ("least squares", crops)):
        inherited = inherit(parent, weights, child, given)
        assert inherited.method == method
        network, whole = build_network(child), build_network(parent)
        network.load_state_dict(dict(inherited.weights))
        whole.load_state_dict(weights)
        with torch.no_grad():
            mean_errors[method] = float((network(photographs) - whole(photographs)).abs().mean())
    assert mean_errors["least squares"] < 0.1 * mean_errors["slices"]


def doubled(name: str, tensor: Tensor) -> Tensor:
    """A tensor of an EDSR of twice the channels that computes the same."""
    if not name.startswith("output"):
        tensor = torch.cat((tensor, tensor))
    if tensor.ndim == 4 and not name.startswith("input"):
        tensor = torch.cat((1.2 * tensor, -0.2 * tensor), dim=1)
    return tensor
