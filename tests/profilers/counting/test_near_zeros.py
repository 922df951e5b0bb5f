import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks import EdsrConfig, InterpolationConfig, SmsrConfig, build_network
from blocks.layers import PlainRangeNetwork
from profilers.counting.near_zeros import near_zeros

LEFT = torch.tensor([[True, True, False, False]] * 2)
REGIONS = torch.stack([LEFT, ~LEFT, torch.zeros_like(LEFT)])


class Signs(PlainRangeNetwork):
    """Rectifies the values of an image's first channel, and their negatives."""

    def __init__(self) -> None:
        super().__init__(InterpolationConfig(scale=2))
        self.signs = nn.Conv2d(3, 2, 1, bias=False)
        self.small = nn.Conv2d(3, 2, 1, stride=2)
        with torch.no_grad():
            self.signs.weight.zero_()
            self.signs.weight[0, 0], self.signs.weight[1, 0] = 1, -1

    def forward(self, images: Tensor) -> Tensor:
        F.relu(self.small(images))  # of another size than the image
        return F.relu(self.signs(images))

    enlarge = forward

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.signs,)


def image(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)[None, None].repeat(1, 3, 1, 1)


def test_exact_zeros_are_counted_by_channel_and_region() -> None:
    network = Signs()
    pixels = image([[1, 0, -1, -2], [1, 2, -3, 0]])
    (found,) = near_zeros(network, network, [(pixels, REGIONS)], threshold=0)
    assert found.layer == "signs"
    # Left 1, 0, 1, 2: one zero rectified, all zero negated; right -1, -2, -3, 0 the other way.
    np.testing.assert_array_equal(found.shares[:2], [[1 / 4, 1], [1, 1 / 4]])
    assert np.isnan(found.shares[2]).all()


def test_near_zero_is_a_part_of_the_root_mean_square() -> None:
    # Of 16 numbers in two channels four are 4, four are 1 and eight are 0: the root mean square
    # is sqrt((4 * 16 + 4 * 1) / 16) = 2.06, and half of it lies above 1.
    pixels = image([[4, 1, 4, 1], [4, 1, 4, 1]])
    network = Signs()
    for threshold, share in ((0.4, 0), (0.5, 1 / 2)):
        (found,) = near_zeros(network, network, [(pixels, REGIONS)], threshold=threshold)
        np.testing.assert_array_equal(found.shares[:2], [[share, 1]] * 2)


def test_images_count_by_their_pixels() -> None:
    network = Signs()
    dark, bright = torch.zeros(1, 3, 2, 4), torch.ones(1, 3, 6, 4)
    inside = [torch.ones(1, *pixels.shape[2:], dtype=torch.bool) for pixels in (dark, bright)]
    pairs = zip((dark, bright), inside, strict=True)
    (found,) = near_zeros(network, network, pairs, threshold=0)
    np.testing.assert_array_equal(found.shares, [[8 / 32, 1]])


def test_a_layer_that_is_called_twice_is_two() -> None:
    network = Signs()
    pixels = image([[1, 0, -1, -2], [1, 2, -3, 0]])
    found = near_zeros(
        network, lambda images: (network(images), network(-images)), [(pixels, REGIONS)],
        threshold=0,
    )  # fmt: skip
    assert [of_layer.layer for of_layer in found] == ["signs", "signs#2"]
    np.testing.assert_array_equal(found[0].shares[:, ::-1], found[1].shares)


def test_edsr_has_one_activation_in_each_block() -> None:
    network = build_network(EdsrConfig(scale=2, channels=4, blocks=3))
    pixels = torch.rand(1, 3, 6, 8)
    everywhere = torch.ones(1, 6, 8, dtype=torch.bool)
    kept = []
    for block in network.trunk.blocks:
        block.convolution_1.register_forward_hook(lambda *call: kept.append(call[2]))
    found = near_zeros(network, network, [(pixels, everywhere)], threshold=0)
    assert [of_layer.layer for of_layer in found] == [
        f"trunk.blocks.{number}.convolution_1" for number in range(3)
    ]
    for of_layer, before in zip(found, kept, strict=True):
        share = (before <= 0).double().mean(dim=(0, 2, 3))
        assert of_layer.shares[0] == pytest.approx(share.numpy(), abs=1e-6)


def test_smsr_without_masks_has_an_activation_in_each_layer() -> None:
    network = build_network(SmsrConfig(scale=2, channels=16, modules=2, layers=3))
    pixels, everywhere = torch.rand(1, 3, 6, 8), torch.ones(1, 6, 8, dtype=torch.bool)
    (path,) = network.paths()
    found = near_zeros(network, path, [(pixels, everywhere)], threshold=0)
    of_modules = [
        f"blocks.{module}.convolutions.{layer}" for module in range(2) for layer in range(3)
    ]
    assert [of_layer.layer for of_layer in found] == ["input_convolution", *of_modules, "fuse"]
