"""Networks as functions of uint8 images, by networks whose output is known."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from blocks import SplitSRConfig, build_network
from blocks.pixels import network_upscaler
from imaging.evaluation import ValidationPair, evaluate_quality, prepare_validation
from imaging.images import Image


class Affine(nn.Module):
    """Nearest-neighbour enlargement, then gain * x + offset; remembers what it was given."""

    def __init__(self, *, gain: float = 1.0, offset: float = 0.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))
        self.offset = offset
        self.dropout = nn.Dropout(0.5)
        self.given: Tensor | None = None

    def forward(self, images: Tensor) -> Tensor:
        self.given = images
        enlarged = images.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        return self.dropout(enlarged) * self.gain + self.offset


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height * 1000 + width).integers(
        0, 256, (height, width, 3), np.uint8
    )


def enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels.repeat(2, axis=0).repeat(2, axis=1)


def test_a_network_sees_unit_floats_and_is_rounded() -> None:
    network = Affine()
    pixels = noise(5, 7)
    assert np.array_equal(network_upscaler(network)(pixels), enlarged(pixels))
    given = network.given
    assert given is not None and given.dtype == torch.float32
    assert given.is_contiguous(memory_format=torch.channels_last)
    expected = torch.tensor(pixels.transpose(2, 0, 1)[None] / 255, dtype=torch.float32)
    torch.testing.assert_close(given, expected)


@pytest.mark.parametrize(("offset", "levels"), [(0.4, 0), (0.6, 1), (-0.6, -1), (500, 500)])
def test_output_is_clamped_and_rounded(offset: float, levels: int) -> None:
    pixels = noise(5, 7)
    restored = network_upscaler(Affine(offset=offset / 255))(pixels)
    assert np.array_equal(restored, np.clip(enlarged(pixels).astype(int) + levels, 0, 255))


def test_every_module_keeps_its_training_flag() -> None:
    network = nn.Sequential(Affine(), nn.BatchNorm2d(3).eval())
    before = [module.training for module in network.modules()]
    assert len(set(before)) == 2
    network_upscaler(network)(noise(4, 4))
    assert [module.training for module in network.modules()] == before
    assert torch.equal(network[1].running_mean, torch.zeros(3))


def test_a_network_that_is_not_finite_is_refused() -> None:
    pairs = prepare_validation([Image("a", noise(30, 40), False)], 2)
    with pytest.raises(ValueError, match=r"output must be finite.*\(image 'a'\)"):
        evaluate_quality(network_upscaler(Affine(gain=math.nan)), pairs)


def test_an_image_below_the_networks_minimum_is_named() -> None:
    network = build_network(
        SplitSRConfig(scale=2, channels=4, groups=1, hybrid_index=1, blocks=1, active_channels=2)
    )
    upscale = network_upscaler(network)
    assert upscale(noise(8, 9)).shape == (16, 18, 3)
    too_narrow = ValidationPair("thin", noise(20, 0), noise(40, 0))
    with pytest.raises(ValueError, match=r"splitsr .*\(image 'thin'\)"):
        evaluate_quality(upscale, [too_narrow])


@pytest.mark.gpu
def test_a_network_on_cuda_gives_what_it_gives_on_the_cpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    pixels = noise(9, 11)
    assert np.array_equal(network_upscaler(Affine(), device="cuda")(pixels), enlarged(pixels))
