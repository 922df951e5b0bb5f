"""Executed MACs of a network that computes where its input is bright, by hand arithmetic."""

import pytest
import torch
from torch import Tensor, nn

from profilers import ExecutedMacs, executed_macs

# A 1x1 layer of 3 to 12 channels: 36 MACs for each pixel that it visits.
PIXEL_MACS = 3 * 12
# LR size of an output of 1280x720 at scale 2, in pixels.
STANDARD_PX = 360 * 640


class BrightPixels(nn.Module):
    """Enlarges the pixels above 0.5 by a learned layer and leaves the others black."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 12)

    def forward(self, images: Tensor) -> Tensor:
        pixels = images.permute(0, 2, 3, 1)
        bright = pixels.mean(-1) > 0.5
        enlarged = pixels.new_zeros(*bright.shape, 12)
        enlarged[bright] = self.layer(pixels[bright])
        return nn.functional.pixel_shuffle(enlarged.permute(0, 3, 1, 2), 2)


def lit(rows: int, height: int, width: int) -> Tensor:
    image = torch.zeros(1, 3, height, width)
    image[:, :, :rows] = 1
    return image


def test_each_image_is_brought_to_the_standard_size() -> None:
    # All, a quarter and none of the pixels, whatever the size of the image.
    images = [lit(8, 8, 10), lit(3, 12, 6), lit(0, 4, 4)]
    executed = executed_macs(BrightPixels(), images, scale=2)
    full = PIXEL_MACS * STANDARD_PX
    assert executed == ExecutedMacs(pytest.approx(full * 1.25 / 3), 0, full, 3)


def test_a_network_that_does_not_choose_executes_its_bound() -> None:
    network = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2))
    executed = executed_macs(network, [lit(2, 4, 4), lit(0, 6, 8)], scale=2)
    assert executed.mean == executed.minimum == executed.maximum == 9 * PIXEL_MACS * STANDARD_PX


def test_no_image_is_no_mean() -> None:
    with pytest.raises(ValueError, match="at least one"):
        executed_macs(BrightPixels(), [], scale=2)


def test_an_unknown_operator_is_refused() -> None:
    class Spectral(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.fft.rfft2(images).abs()

    with pytest.raises(ValueError, match="_fft_r2c"):
        executed_macs(Spectral(), [lit(1, 4, 4)], scale=2)
