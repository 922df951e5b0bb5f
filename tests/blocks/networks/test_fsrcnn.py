"""FSRCNN on luma: what becomes of the colours, and where the transposed convolution looks."""

from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from blocks import Fsrcnn, FsrcnnConfig, in_variant
from blocks.config import Scale
from blocks.networks.fsrcnn import Design

# ITU-R BT.601 with luma in 16..235 and chroma in 16..240, for red, green, blue in [0, 1].
TO_YCBCR = (
    torch.tensor(
        [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]],
        dtype=torch.float64,
    )
    / 255
)
OFFSET = torch.tensor([16.0, 128.0, 128.0], dtype=torch.float64).view(1, 3, 1, 1) / 255


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_luma_comes_from_the_network_and_chroma_from_bicubic(scale: Scale) -> None:
    network = Fsrcnn(FsrcnnConfig(scale=scale, channels=6, mapping_channels=4)).double()
    images = torch.rand(2, 3, 7, 5, dtype=torch.float64)
    with torch.no_grad():
        ycbcr = torch.einsum("yc,nchw->nyhw", TO_YCBCR, images) + OFFSET
        layers = (network.extract, network.shrink, network.map, network.expand)
        luma = ycbcr[:, :1]
        for layer in (*layers, network.output_convolution):
            luma = layer(luma)
        chroma = F.interpolate(ycbcr[:, 1:], scale_factor=scale, mode="bicubic")
        enlarged = torch.cat((luma, chroma), dim=1) - OFFSET
        expected = torch.einsum("cy,nyhw->nchw", torch.linalg.inv(TO_YCBCR), enlarged)
        # The printed matrix has six digits.
        torch.testing.assert_close(network(images), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_grey_image_stays_grey(scale: Scale) -> None:
    network = Fsrcnn(FsrcnnConfig(scale=scale, channels=6)).double()
    images = torch.rand(1, 1, 6, 6, dtype=torch.float64).expand(1, 3, 6, 6)
    with torch.no_grad():
        output = network(images)
    torch.testing.assert_close(output, output[:, :1].expand_as(output))


@pytest.mark.parametrize(("scale", "first", "last"), [(2, 2, 10), (3, 6, 14), (4, 9, 17)])
def test_the_kernel_lies_around_its_pixel(scale: Scale, first: int, last: int) -> None:
    """The kernel of input pixel 3 starts at 3 scale - padding (4, 3, 3) and is 9 long."""
    network = Fsrcnn(FsrcnnConfig(scale=scale, channels=1, design="rgb"))
    torch.nn.init.ones_(network.output_convolution.weight)
    pixel = torch.zeros(1, 1, 1, 7)
    pixel[..., 3] = 1
    with torch.no_grad():
        row = network.output_convolution(pixel) - network.output_convolution(0 * pixel)
    assert row.shape[3] == 7 * scale
    touched = row[0, 0, 0].nonzero().flatten()
    assert (int(touched.min()), int(touched.max())) == (first, last)


def test_only_the_original_has_an_activation_after_each_mapping() -> None:
    luma, rgb = (
        Fsrcnn(FsrcnnConfig(scale=4, mapping_layers=3, design=design)) for design in ("luma", "rgb")
    )
    assert [type(layer).__name__ for layer in luma.map] == ["Conv2d", "PReLU"] * 3
    assert [type(layer).__name__ for layer in rgb.map] == ["Conv2d"] * 3 + ["PReLU"]


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("design", ["luma", "rgb"])
def test_a_shuffled_convolution_gives_the_transposed_one(scale: Scale, design: Design) -> None:
    network = Fsrcnn(FsrcnnConfig(scale=scale, channels=6, design=design)).double()
    variant = in_variant(network, "shuffled")
    assert not any(isinstance(part, nn.ConvTranspose2d) for part in variant.modules())
    for size in ((1, 1), (2, 3), (9, 8)):
        images = torch.rand(2, 3, *size, dtype=torch.float64)
        with torch.no_grad():
            torch.testing.assert_close(variant(images), network(images))
    assert isinstance(network.output_convolution, nn.ConvTranspose2d)


@pytest.mark.parametrize(
    ("scale", "design"),
    [*product((2, 3, 4), ("rgb", "luma")), (2, "luma_pytorch"), (3, "luma_pytorch")],
)
def test_started_as_interpolation_it_enlarges_bilinearly(scale: Scale, design: Design) -> None:
    network = Fsrcnn(FsrcnnConfig(scale=scale, design=design))
    network.start_as_interpolation()
    images = torch.rand(1, 3, 9, 8)
    with torch.no_grad():
        enlarged = network(images)
    expected = F.interpolate(images, scale_factor=scale, mode="bilinear")
    inside = (..., slice(scale, -scale), slice(scale, -scale))
    if design != "rgb":
        weights = TO_YCBCR[0].float().view(3, 1, 1)
        enlarged, expected = (enlarged * weights).sum(1), (expected * weights).sum(1)
    torch.testing.assert_close(enlarged[inside], expected[inside], rtol=0, atol=1e-5)


def test_too_narrow_a_network_cannot_start_as_interpolation() -> None:
    network = Fsrcnn(FsrcnnConfig(scale=2, design="rgb", mapping_channels=2))
    with pytest.raises(ValueError, match="mapping_channels must be at least 3"):
        network.start_as_interpolation()


def test_the_port_cannot_start_as_interpolation_at_x4() -> None:
    """Four pixels are cut off, so that of 9 places the kernel of 7 would begin at the third."""
    network = Fsrcnn(FsrcnnConfig(scale=4, design="luma_pytorch"))
    with pytest.raises(ValueError, match="luma_pytorch cannot start as an interpolation at x4"):
        network.start_as_interpolation()


@pytest.mark.parametrize(("scale", "first", "last"), [(2, 2, 10), (3, 5, 13), (4, 8, 16)])
def test_the_kernel_of_the_port_begins_four_pixels_before(
    scale: Scale, first: int, last: int
) -> None:
    network = Fsrcnn(FsrcnnConfig(scale=scale, channels=1, design="luma_pytorch"))
    torch.nn.init.ones_(network.output_convolution.weight)
    pixel = torch.zeros(1, 1, 1, 7)
    pixel[..., 3] = 1
    with torch.no_grad():
        row = network.output_convolution(pixel) - network.output_convolution(0 * pixel)
    touched = row[0, 0, 0].nonzero().flatten()
    assert (row.shape[3], int(touched.min()), int(touched.max())) == (7 * scale, first, last)
