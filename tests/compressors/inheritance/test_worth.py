"""What channels count for, by hand."""

import numpy as np
import torch
from torch import nn

from compressors.inheritance.layout import channels, depthwise, layer
from compressors.inheritance.worth import worths_of


def test_what_is_read_counts_by_weight_and_by_value() -> None:
    """Channels of 1 and 3, read with weights 2 and 1: (2 * 1)^2 = 4 and (1 * 3)^2 = 9 of 13."""
    network = nn.Sequential(nn.Conv2d(2, 1, 1, bias=False))
    network[0].weight.data[:] = torch.tensor([2.0, 1.0]).view(1, 2, 1, 1)
    layout = layer("0", channels("read", 2), channels("written", 1))
    images = torch.tensor([1.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 4, 4)
    worth = worths_of(network, network, images, layout)["0.weight"]
    np.testing.assert_allclose(worth.read, [4 / 13, 9 / 13])
    np.testing.assert_allclose(worth.written, [1])


def test_groups_read_their_own_channels() -> None:
    """Two groups of one channel each, with weights 1 and 2, on channels of 1: 1 and 4 of 5."""
    network = nn.Sequential(nn.Conv2d(2, 2, 1, groups=2, bias=False))
    network[0].weight.data[:] = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1)
    layout = layer("0", channels("read", 2), channels("written", 2), groups=2)
    worth = worths_of(network, network, torch.ones(1, 2, 3, 3), layout)["0.weight"]
    np.testing.assert_allclose(worth.read, [0.2, 0.8])
    np.testing.assert_allclose(worth.written, [0.2, 0.8])


def test_a_layer_that_mixes_no_channels_says_nothing_of_them() -> None:
    network = nn.Sequential(nn.Conv2d(2, 2, 3, groups=2))
    assert (
        worths_of(network, network, torch.ones(1, 2, 4, 4), depthwise("0", channels("c", 2))) == {}
    )


def test_what_is_dead_is_worth_nothing() -> None:
    network = nn.Sequential(nn.Linear(3, 2))
    layout = layer("0", channels("read", 3), channels("written", 2), kernel_axes=0)
    worth = worths_of(network, network, torch.zeros(4, 3), layout)["0.weight"]
    np.testing.assert_array_equal(worth.read, [0, 0, 0])
