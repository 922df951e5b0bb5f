"""The reference network is what its name promises."""

import torch

from profilers import ReferenceNetwork, count_macs


def test_size_and_cost() -> None:
    network = ReferenceNetwork()
    weights = 3 * 32 * 9 + 6 * 32 * 32 * 9 + 32 * 12 * 9
    assert sum(p.numel() for p in network.parameters()) == weights + 32 * 7 + 12
    images = torch.zeros(1, 3, 10, 20)
    assert count_macs(network, images).total == weights * 200
    assert network(images).shape == (1, 3, 20, 40)
